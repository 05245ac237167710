// textdrop in Azure: a resource group with the function app and all that it needs, but for the subscription to events
// (events.bicep), which can only be made once the app is deployed.
targetScope = 'subscription'

@description('Name of the azd environment. All generated names depend on it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all new resources: one where custom text classification can be trained.')
@allowed([
  'australiaeast'
  'canadacentral'
  'centralindia'
  'eastus'
  'eastus2'
  'northeurope'
  'southcentralus'
  'switzerlandnorth'
  'uksouth'
  'westeurope'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
param location string

@description('Name of the new resource group. Empty: made from the name of the environment.')
@maxLength(90)
param resourceGroupName string = ''

@description('Name of the function app. Empty: generated. The host tells apps apart by 32 characters only.')
@maxLength(32)
param appName string = ''

@description('Name of the new storage account: 3 to 24 lower-case letters and digits. Empty: generated.')
@maxLength(24)
param storageAccountName string = ''

@description('Name of the new Language resource, and of its endpoint. Empty: generated.')
@maxLength(64)
param languageName string = ''

@description('Resource id of a storage account to use in place of a new one. Only containers and roles are added to it.')
param existingStorageAccountId string = ''

@description('Resource id of a Language resource to use in place of a new one. It must be linked to existingStorageAccountId.')
param existingLanguageId string = ''

@description('Pricing tier of the new Language resource. A subscription can have one F0.')
@allowed(['S', 'F0'])
param languageSku string = 'S'

@description('Analyze requests a minute that the Language resource allows the app.')
@minValue(1)
@maxValue(1000000)
param languageRequestsPerMinute int = 1000

@description('Container that files are dropped to.')
@minLength(3)
@maxLength(63)
param documentsContainer string = 'documents'

@description('Container of the results.')
@minLength(3)
@maxLength(63)
param resultsContainer string = 'results'

@description('Container of the training texts and their labels file.')
@minLength(3)
@maxLength(63)
param trainingContainer string = 'training'

@description('When the tick runs, as NCRONTAB in UTC. docs/azure.md has what it costs.')
@minLength(1)
param tickSchedule string = '*/30 * * * * *'

@description('Minutes between two sweeps.')
@minValue(1)
param sweepMinutes int = 5

@description('project/deployment of the classifier until a model is published. Empty: none.')
param classifier string = ''

@description('Documents whose best class has a lower confidence, from 0 to 1, are reviewed.')
@minLength(1)
param reviewBelow string = '0.5'

@description('Percentage of all documents that are reviewed whatever their confidence.')
@minLength(1)
param reviewAuditPercent string = '2'

@description('Queue that completion events are sent to. Empty: none are sent.')
@maxLength(63)
param eventsQueue string = ''

@description('Whether Event Grid announces new files. Without it, the sweep finds them, up to sweepMinutes later.')
param fileEvents bool = true

@description('Whether the web page is served.')
param console bool = true

@description('Whether storage and the Language resource are reached through private endpoints only.')
param privateNetwork bool = false

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('The most instances of a function.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('E-mail address that alerts are sent to. Empty: they show in the portal only.')
param alertEmail string = ''

@description('Alerts to switch off, separated by commas: health, oldest, failures, tick.')
param alertsOff string = ''

@description('Whether the web page is requested from outside every 15 minutes. Without the page, it never is.')
param availabilityTest bool = true

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
// Windows takes the parentheses that a name of an environment may have for its own when the hook hands them to az.
var groupName = empty(resourceGroupName)
  ? 'textdrop-${replace(replace(environmentName, '(', '-'), ')', '-')}-rg'
  : resourceGroupName
var functionAppName = empty(appName) ? 'textdrop-${token}' : appName

var newStorage = empty(existingStorageAccountId)
var newStorageName = empty(storageAccountName) ? 'textdrop${token}' : storageAccountName
var storageParts = newStorage
  ? ['', '', subscription().subscriptionId, '', groupName, '', '', '', newStorageName]
  : split(existingStorageAccountId, '/')

var newLanguage = empty(existingLanguageId)
var newLanguageName = empty(languageName) ? 'textdrop-${token}' : languageName
var languageParts = newLanguage
  ? ['', '', subscription().subscriptionId, '', groupName, '', '', '', newLanguageName]
  : newStorage
      ? fail('existingLanguageId needs existingStorageAccountId: the account that the Language resource is linked to')
      : split(existingLanguageId, '/')

var identityName = 'textdrop-${token}'
// Not the app's name, which may have capitals or two hyphens in a row.
var packageContainer = 'textdrop-${token}'
var storageAccountId = resourceId(
  storageParts[2],
  storageParts[4],
  'Microsoft.Storage/storageAccounts',
  storageParts[8]
)
var languageId = resourceId(
  languageParts[2],
  languageParts[4],
  'Microsoft.CognitiveServices/accounts',
  languageParts[8]
)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: tags
  }
}

module storage 'storage.bicep' = {
  scope: resourceGroup(storageParts[2], storageParts[4])
  params: {
    name: storageParts[8]
    isNew: newStorage
    location: location
    tags: tags
    containers: [documentsContainer, resultsContainer, trainingContainer, packageContainer]
    isPrivate: privateNetwork
  }
  dependsOn: [group]
}

module language 'language.bicep' = {
  scope: resourceGroup(languageParts[2], languageParts[4])
  params: {
    name: languageParts[8]
    isNew: newLanguage
    location: location
    tags: tags
    sku: languageSku
    storageAccountId: storageAccountId
    appPrincipalId: identity.outputs.principalId
    isPrivate: privateNetwork
  }
  dependsOn: [storage]
}

module storageRoles 'storage-roles.bicep' = {
  scope: resourceGroup(storageParts[2], storageParts[4])
  params: {
    storageAccountName: storageParts[8]
    appPrincipalId: identity.outputs.principalId
    languagePrincipalId: language.outputs.principalId
    hasNewLanguage: newLanguage
  }
}

module network 'network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    storageAccountId: storageAccountId
    languageId: languageId
  }
  dependsOn: [language]
}

module app 'app.bicep' = {
  scope: group
  params: {
    name: functionAppName
    token: token
    location: location
    tags: tags
    identityName: identityName
    identityPrincipalId: identity.outputs.principalId
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    storageAccountName: storageParts[8]
    packageContainer: packageContainer
    languageEndpoint: language.outputs.endpoint
    fileEvents: fileEvents
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: union(
      {
        LANGUAGE_REQUESTS_PER_MINUTE: string(languageRequestsPerMinute)
        DOCUMENTS_CONTAINER: documentsContainer
        RESULTS_CONTAINER: resultsContainer
        TICK_SCHEDULE: tickSchedule
        SWEEP_MINUTES: string(sweepMinutes)
        CLASSIFIER: classifier
        REVIEW_BELOW: reviewBelow
        REVIEW_AUDIT_PERCENT: reviewAuditPercent
        EVENTS_QUEUE: eventsQueue
      },
      console ? {} : { 'AzureWebJobs.console.Disabled': 'true' }
    )
  }
  dependsOn: [storageRoles]
}

module telemetry 'telemetry.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    email: alertEmail
    off: empty(alertsOff) ? [] : map(split(alertsOff, ','), name => trim(name))
    hostName: app.outputs.hostName
    hasAvailabilityTest: console && availabilityTest
  }
}

// azd keeps these in its environment, from which the hook after the deployment reads them.
output AZURE_RESOURCE_GROUP string = groupName
output TEXTDROP_APP string = functionAppName
output TEXTDROP_URL string = 'https://${app.outputs.hostName}/api'
output TEXTDROP_LANGUAGE_ENDPOINT string = language.outputs.endpoint
output TEXTDROP_STORAGE_ACCOUNT string = storageParts[8]
output TEXTDROP_STORAGE_GROUP string = storageParts[4]
output TEXTDROP_STORAGE_SUBSCRIPTION string = storageParts[2]
output TEXTDROP_STORAGE_LOCATION string = storage.outputs.location
output TEXTDROP_CONTAINER string = documentsContainer
output TEXTDROP_HAS_FILE_EVENTS bool = fileEvents
