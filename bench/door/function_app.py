"""Functions that do nothing, so that what is measured is the host."""

from __future__ import annotations

import logging

import azure.functions as func

log = logging.getLogger("door")
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"hello to a {req.method}")


@app.blob_trigger(arg_name="blob", path="scanned/{name}", connection="AzureWebJobsStorage")
def scanned(blob: func.InputStream) -> None:
    log.info("invoked for %s.", blob.name)


@app.blob_trigger(arg_name="blob", path="told/{name}", connection="AzureWebJobsStorage", source="EventGrid")  # type: ignore[arg-type]
def told(blob: func.InputStream) -> None:
    log.info("invoked for %s.", blob.name)
