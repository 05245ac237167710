"""What one would write instead of textdrop: a blob trigger that calls the official client and waits for the answer."""

from __future__ import annotations

import json
import os
from typing import Any

import azure.functions as func
from azure.ai.textanalytics import TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from azure.storage.blob import BlobServiceClient

app = func.FunctionApp()
language = TextAnalyticsClient(os.environ["LANGUAGE_ENDPOINT"], AzureKeyCredential(os.environ["LANGUAGE_KEY"]))
results: Any = BlobServiceClient.from_connection_string(os.environ["DOCUMENTS_STORAGE"]).get_container_client("results")


@app.blob_trigger(arg_name="blob", path="documents/{name}", connection="DOCUMENTS_STORAGE")
def classify(blob: func.InputStream) -> None:
    text = blob.read().decode()
    poller = language.begin_multi_label_classify([text], os.environ["PROJECT"], os.environ["DEPLOYMENT"])
    for found in poller.result():
        classes = [{"category": one.category, "confidence": one.confidence_score} for one in found.classifications]
        name = (blob.name or "").partition("/")[2]
        results.upload_blob(f"{name}.json", json.dumps(classes), overwrite=True)
