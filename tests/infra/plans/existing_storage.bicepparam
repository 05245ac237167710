using '../../../infra/main.bicep'

param environmentName = 'dev'
param location = 'westus2'
param existingStorageAccountId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/ourdata'
param languageRequestsPerMinute = 300
param privateNetwork = true
