using RedisLite.Benchmarks;

if (args is ["keyspace", ..]) KeyspaceCheck.Run(args[1..]);
else if (args is ["pauses", "server"]) await PauseCheck.Serve();
else if (args is ["pauses", ..]) PauseCheck.Run(args[1..]);
else if (args is ["lua"]) LuaCheck.Run();
else BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
