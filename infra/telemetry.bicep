// Alerts, a workbook and an availability test over what the app logs: docs/telemetry.md.
param token string
param location string
param tags object
@description('Address that alerts are sent to. Empty: they show in the portal only.')
param email string
@description('Alerts that are made, but off.')
param off array
@description('Host of the app, whose web page is requested. The page has no data and needs no key.')
param hostName string
param hasAvailabilityTest bool

var prefix = 'textdrop-${token}'
// Every tick logs one such line.
var lines = '''AppTraces
| where Message startswith '{"event":"tick"'
| extend line = parse_json(Message)
'''

var rules = [
  {
    name: 'health'
    title: 'textdrop: health is red'
    description: 'All ticks of 15 minutes found a red check, or a step of them failed. GET /api/health says why.'
    severity: 2
    window: 'PT5M'
    periods: 3
    query: '''| summarize ticks = count(), red = countif(array_length(line.red) > 0 or array_length(line.failedSteps) > 0)
| where ticks > 0 and red == ticks'''
  }
  {
    name: 'oldest'
    title: 'textdrop: a document is over 30 minutes old'
    description: 'The oldest document that waits or is in a job landed over 30 minutes ago.'
    severity: 2
    window: 'PT5M'
    periods: 1
    query: '''| top 1 by TimeGenerated desc
| where todouble(line.oldestSeconds) > 1800'''
  }
  {
    name: 'failures'
    title: 'textdrop: over 5 % of the documents fail'
    description: 'Of the documents that ended within an hour, 20 or more, over 5 % failed. GET /api/documents?state=failed has the reasons.'
    severity: 3
    window: 'PT1H'
    periods: 1
    query: '''| summarize succeeded = sum(tolong(line.ended.succeeded) * ItemCount), failed = sum(tolong(line.ended.failed) * ItemCount)
| where succeeded + failed >= 20 and failed > 0.05 * (succeeded + failed)'''
  }
  {
    name: 'tick'
    title: 'textdrop: no tick for 10 minutes'
    description: 'The app logs nothing: it is not deployed, does not start, or its timer is off.'
    severity: 1
    window: 'PT10M'
    periods: 1
    query: '''| summarize ticks = count()
| where ticks == 0'''
  }
]
var unknown = filter(off, name => !contains(map(rules, rule => rule.name), name))

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: prefix
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: prefix
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: prefix
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'textdrop'
    enabled: true
    emailReceivers: [
      {
        name: 'email'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.description
      severity: rule.severity
      enabled: empty(unknown)
        ? !contains(off, rule.name)
        : fail('ALERTS_OFF has a name that no alert has: ${join(unknown, ', ')}')
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: '${lines}${rule.query}'
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: rule.periods
              minFailingPeriodsToAlert: rule.periods
            }
          }
        ]
      }
      autoMitigate: true
      skipQueryValidation: true // a new workspace has no table of traces yet
      actions: { actionGroups: empty(email) ? [] : [people.id] }
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insights.id, 'ticks')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'textdrop'
    category: 'workbook'
    sourceId: insights.id
    version: 'Notebook/1.0'
    serializedData: replace(string(loadJsonContent('workbook.json')), '{workspace}', workspace.id)
  }
}

resource availability 'Microsoft.Insights/webtests@2022-06-15' = if (hasAvailabilityTest) {
  name: '${prefix}-console'
  location: location
  tags: union(tags, { 'hidden-link:${insights.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: '${prefix}-console'
    Name: 'textdrop: the console'
    Description: 'Requests the page of the console, which needs no key and holds no data.'
    Enabled: true
    Kind: 'standard'
    Frequency: 900
    Timeout: 60 // a cold start included
    RetryEnabled: true
    Locations: [
      { Id: 'emea-nl-ams-azr' }
      { Id: 'us-va-ash-azr' }
      { Id: 'apac-sg-sin-azr' }
    ]
    Request: {
      RequestUrl: 'https://${hostName}/api/console/'
      HttpVerb: 'GET'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}
