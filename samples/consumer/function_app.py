"""Logs one line for each completion event that textdrop sends to EVENTS_QUEUE."""

import json
import logging

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="%EVENTS_QUEUE%", connection="DOCUMENTS_STORAGE")
def on_event(message: func.QueueMessage) -> None:
    event = json.loads(message.get_body())
    classes = [score["category"] for score in event["data"].get("classes", [])]
    logging.info("%s %s %s", event["type"], event["subject"], classes)
