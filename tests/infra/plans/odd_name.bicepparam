using '../../../infra/main.bicep'

param environmentName = '.Our_Test(2)-environment_with-the.longest_name_that-azd.allows_.'
param location = 'switzerlandnorth'
