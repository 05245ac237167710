// The Language resource: a new one with custom text classification, or an existing one; and the app's role for it.
param name string
param isNew bool
param location string
param tags object
param sku string
param storageAccountId string
param appPrincipalId string
param isPrivate bool

var languageOwner = 'f07febfe-79bc-46b1-8b37-790e26e6e498'

resource created 'Microsoft.CognitiveServices/accounts@2024-10-01' = if (isNew) {
  name: name
  location: location
  tags: tags
  kind: 'TextAnalytics'
  sku: { name: sku }
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow' }
    // This link turns custom text classification on. It cannot be changed later.
    userOwnedStorage: [{ resourceId: storageAccountId }]
  }
}

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' existing = {
  name: name
}

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, languageOwner)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', languageOwner)
  }
  dependsOn: [created]
}

output endpoint string = isNew ? created!.properties.endpoint : account.properties.endpoint
output principalId string = isNew ? created!.identity.principalId : ''
