// How azd's variables become parameters. One that is empty counts as not set: a workflow passes those empty that do not
// exist.
@export()
func valueOr(given string, default string) string => empty(given) ? default : given
