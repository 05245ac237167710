"""Messages of today's protocol of the Language service, as recorded from it or as documented."""

from __future__ import annotations

API = "api-version=2023-04-01"
PROJECTS = "/language/authoring/analyze-text/projects"
TICKET = "d114cc40-fa6e-4b1a-be69-03af38790001_638883936000000000"
JOB = {
    "jobId": TICKET,
    "createdDateTime": "2025-07-18T00:52:30Z",
    "lastUpdatedDateTime": "2025-07-18T00:52:30Z",
    "expirationDateTime": "2025-07-25T00:52:30Z",
    "status": "succeeded",
}
TRAINING = {
    "result": {
        "modelLabel": "model1",
        "trainingConfigVersion": "2022-05-01",
        "trainingStatus": {
            "percentComplete": 100,
            "startDateTime": "2024-12-02T03:21:20.8155063Z",
            "endDateTime": "2024-12-02T03:21:48.6158922Z",
            "status": "succeeded",
        },
        "evaluationStatus": {"percentComplete": 0, "status": "running"},
        "estimatedEndDateTime": "2024-12-02T03:21:47.8155063Z",
    },
    **JOB,
    "status": "running",
}
PROJECT = {
    "createdDateTime": "2025-06-03T21:38:49Z",
    "lastModifiedDateTime": "2025-06-03T21:39:49Z",
    "lastTrainedDateTime": "2025-06-03T21:40:49Z",
    "lastDeployedDateTime": "2025-06-03T21:41:49Z",
    "projectKind": "CustomMultiLabelClassification",
    "storageInputContainerName": "films",
    "projectName": "Movies",
    "multilingual": True,
    "description": "Plots",
    "language": "en",
}
MODEL = {
    "label": "m1",
    "modelId": "m1-20220418T034749-299f",
    "lastTrainedDateTime": "2022-04-18T03:47:49Z",
    "lastTrainingDurationInSeconds": 10,
    "modelExpirationDate": "2023-10-28",
    "modelTrainingConfigVersion": "2022-05-01",
}
DEPLOYMENT = {
    "deploymentName": "production",
    "modelId": "m1-20220418T034749-299f",
    "lastTrainedDateTime": "2022-04-18T03:47:49Z",
    "lastDeployedDateTime": "2022-04-18T04:00:00Z",
    "deploymentExpirationDate": "2024-10-28",
    "modelTrainingConfigVersion": "2022-05-01",
}
