// Event Grid announces files to the app. A deployment of its own, in the storage account's resource group: the key of the
// app's webhook exists only once the app is deployed. Nobody sees that key: Azure reads it while it deploys this.
param storageAccountName string

@description('Region of the storage account.')
param location string

param appName string
param appResourceGroup string
param appSubscription string

@description('Container that files are dropped to.')
param documentsContainer string

@description('The system topic of the storage account, if it has one: it cannot have two.')
param existingTopicName string = ''

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageAccountName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
  scope: resourceGroup(appSubscription, appResourceGroup)
}

resource created 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingTopicName)) {
  name: storageAccountName
  location: location
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: empty(existingTopicName) ? storageAccountName : existingTopicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: appName
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      // The slash at the end keeps files of documents2 out.
      subjectBeginsWith: '/blobServices/default/containers/${documentsContainer}/'
    }
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.document_landed&code=${listKeys('${app.id}/host/default', '2023-12-01').systemKeys.blobs_extension}'
      }
    }
  }
  dependsOn: [created]
}
