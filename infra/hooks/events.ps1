# After each deployment of the app: has Event Grid announce new files to it. It needs a login of its own: az login.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

if ($env:TEXTDROP_HAS_FILE_EVENTS -ne 'true') {
    Write-Output 'FILE_EVENTS is off: the sweep finds new files.'
    exit 0
}

$parameters = @(
    "storageAccountName=$env:TEXTDROP_STORAGE_ACCOUNT"
    "location=$env:TEXTDROP_STORAGE_LOCATION"
    "appName=$env:TEXTDROP_APP"
    "appResourceGroup=$env:AZURE_RESOURCE_GROUP"
    "appSubscription=$env:AZURE_SUBSCRIPTION_ID"
    "documentsContainer=$env:TEXTDROP_CONTAINER"
)
if ($env:EXISTING_TOPIC_NAME) { $parameters += "existingTopicName=$env:EXISTING_TOPIC_NAME" }

# The webhook's key may not exist yet, and a new app may answer Event Grid too late.
foreach ($pause in 20, 40, 0) {
    az deployment group create --output none --only-show-errors `
        --subscription $env:TEXTDROP_STORAGE_SUBSCRIPTION `
        --resource-group $env:TEXTDROP_STORAGE_GROUP `
        --name "$env:TEXTDROP_APP-events" `
        --template-file (Join-Path $PSScriptRoot '../events.json') `
        --parameters $parameters
    if ($LASTEXITCODE -eq 0) {
        Write-Output "Event Grid announces the files of $env:TEXTDROP_CONTAINER."
        exit 0
    }
    Start-Sleep -Seconds $pause
}

[Console]::Error.WriteLine('Event Grid does not announce files yet. None is lost: the sweep finds them, minutes later.')
[Console]::Error.WriteLine('Check `az login`, then try again: azd hooks run postdeploy')
exit 1
