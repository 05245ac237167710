// Loaded into Azurite: stops it when its stdin closes, which happens even if the process that started it is killed.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume().unref();
