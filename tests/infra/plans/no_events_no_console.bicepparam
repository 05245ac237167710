using '../../../infra/main.bicep'

param environmentName = 'dev'
param location = 'westeurope'
param fileEvents = false
param console = false
param eventsQueue = 'classified'
param classifier = 'films/production'
param tickSchedule = '0 * * * * *'
param reviewBelow = '0'
param reviewAuditPercent = '0.5'
param alertsOff = 'failures, oldest'
