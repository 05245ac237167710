// The function app on the Flex Consumption plan, its settings, and Application Insights.
param name string
param token string
param location string
param tags object
param identityName string
param identityPrincipalId string
param subnetId string
param storageAccountName string
param packageContainer string
param languageEndpoint string
param fileEvents bool
param instanceMemoryMB int
param maximumInstanceCount int
@description('The settings that neither an address nor an identity is needed for.')
param settings object

var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var blobUri = 'https://${storageAccountName}.blob.${environment().suffixes.storage}'
var queueUri = 'https://${storageAccountName}.queue.${environment().suffixes.storage}'
var tableUri = 'https://${storageAccountName}.table.${environment().suffixes.storage}'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'textdrop-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'textdrop-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource insightsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identityPrincipalId, metricsPublisher)
  scope: insights
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'textdrop-${token}'
  location: location
  tags: tags
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'textdrop' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobUri}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // Event Grid's handshake and first events fail if no instance is there to answer.
        alwaysReady: fileEvents ? [{ name: 'blob', instanceCount: 1 }] : []
      }
    }
  }

  // FUNCTIONS_WORKER_RUNTIME is not among them: this plan refuses it.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      LANGUAGE_ENDPOINT: languageEndpoint
      DOCUMENTS_STORAGE__blobServiceUri: blobUri
      DOCUMENTS_STORAGE__queueServiceUri: queueUri
      DOCUMENTS_STORAGE__tableServiceUri: tableUri
      DOCUMENTS_STORAGE__credential: 'managedidentity'
      DOCUMENTS_STORAGE__clientId: identity.properties.clientId
      AzureWebJobsStorage__blobServiceUri: blobUri
      AzureWebJobsStorage__queueServiceUri: queueUri
      AzureWebJobsStorage__tableServiceUri: tableUri
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      AZURE_CLIENT_ID: identity.properties.clientId
      BLOB_TRIGGER_SOURCE: 'EventGrid'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    })
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output hostName string = app.properties.defaultHostName
