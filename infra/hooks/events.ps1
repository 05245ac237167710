# After each deployment of the app: has Event Grid announce new files to it. It needs a login of its own: az login.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

function Fail($advice) {
    [Console]::Error.WriteLine('Event Grid does not announce files yet. None is lost: the sweep finds them, minutes later.')
    [Console]::Error.WriteLine("$advice, then try again: azd hooks run postdeploy")
    exit 1
}

if (-not $env:TEXTDROP_HAS_FILE_EVENTS) { Fail 'Create the resources first: azd provision' }
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

$program = Get-Command az -ErrorAction SilentlyContinue
if ($program) { az account show --output none --subscription $env:TEXTDROP_STORAGE_SUBSCRIPTION }
if (-not $program -or $LASTEXITCODE -ne 0) {
    Fail "Install the Azure CLI, and let it log in to subscription ${env:TEXTDROP_STORAGE_SUBSCRIPTION}: az login"
}

# The webhook's key may not exist yet, and a new app may answer Event Grid too late.
foreach ($pause in 20, 40, 60, 60, 0) {
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

Fail 'See what az says above'
