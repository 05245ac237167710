using '../../../infra/main.bicep'

param environmentName = 'dev'
param location = 'westeurope'
param resourceGroupName = 'films'
param appName = 'film-classes'
param storageAccountName = 'filmclasses'
param languageName = 'film-language'
param documentsContainer = 'films'
