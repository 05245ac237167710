// The storage account: a new one without keys, or an existing one; and the containers in it.
param name string
param isNew bool
param location string
param tags object
param containers string[]
param isPrivate bool

resource created 'Microsoft.Storage/storageAccounts@2024-01-01' = if (isNew) {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // The Language resource reads training texts as a trusted service, and Event Grid announces files as one.
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: name

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for name in containers: {
    parent: account::blobs
    name: name
    properties: { publicAccess: 'None' }
    dependsOn: [created]
  }
]

output location string = isNew ? location : account.location
