using '../../../infra/main.bicep'

param environmentName = 'prod'
param location = 'northeurope'
param privateNetwork = true
