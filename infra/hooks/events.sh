#!/bin/sh
# After each deployment of the app: has Event Grid announce new files to it. It needs a login of its own: az login.
set -eu

case "$TEXTDROP_HAS_FILE_EVENTS" in
    [Tt]rue) ;;
    *) echo "FILE_EVENTS is off: the sweep finds new files."; exit 0 ;;
esac

fail() {
    echo "Event Grid does not announce files yet. None is lost: the sweep finds them, minutes later." >&2
    echo "$1, then try again: azd hooks run postdeploy" >&2
    exit 1
}

subscribe() {
    az deployment group create --output none --only-show-errors \
        --subscription "$TEXTDROP_STORAGE_SUBSCRIPTION" \
        --resource-group "$TEXTDROP_STORAGE_GROUP" \
        --name "$TEXTDROP_APP-events" \
        --template-file "$(dirname "$0")/../events.json" \
        --parameters \
        "storageAccountName=$TEXTDROP_STORAGE_ACCOUNT" \
        "location=$TEXTDROP_STORAGE_LOCATION" \
        "appName=$TEXTDROP_APP" \
        "appResourceGroup=$AZURE_RESOURCE_GROUP" \
        "appSubscription=$AZURE_SUBSCRIPTION_ID" \
        "documentsContainer=$TEXTDROP_CONTAINER" \
        ${EXISTING_TOPIC_NAME:+"existingTopicName=$EXISTING_TOPIC_NAME"}
}

az account show --output none --subscription "$TEXTDROP_STORAGE_SUBSCRIPTION" ||
    fail "Install the Azure CLI, and let it log in to subscription $TEXTDROP_STORAGE_SUBSCRIPTION: az login"

# The webhook's key may not exist yet, and a new app may answer Event Grid too late.
for pause in 20 40 60 60 0; do
    if subscribe; then
        echo "Event Grid announces the files of $TEXTDROP_CONTAINER."
        exit 0
    fi
    sleep "$pause"
done

fail "See what az says above"
