using '../../../infra/main.bicep'

param environmentName = 'dev'
param location = 'uksouth'
param existingStorageAccountId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/ourdata'
param existingLanguageId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/language/providers/Microsoft.CognitiveServices/accounts/our-language'
