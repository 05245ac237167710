// Loaded into Azurite: ends it with the process that started it. Their pipe closes even when that process is killed.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume().unref();
