using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>redis-server and the server under test side by side, started once for all tests of the assembly.</summary>
public sealed class ServerPair : IDisposable
{
    public const string Collection = "redis-server and the server under test";

    // A few options make more of the behaviour reachable, the same ones on both sides.
    private static readonly string[] Options = ["--enable-debug-command", "yes", "--enable-protected-configs", "yes"];

    private RealRedis74? _real74;

    public ServerPair() => (Real, Ours) = Start();

    public RealRedis Real { get; private set; }
    public ServerProcess Ours { get; private set; }

    /// <summary>Started when the first test asks for it.</summary>
    public RealRedis74 Real74 => _real74 ??= new RealRedis74(Options);

    /// <summary>Empties both servers, so that a test starts from nothing.</summary>
    public void Reset()
    {
        foreach (var server in new RedisProcess?[] { Real, Ours, _real74 })
        {
            if (server is null) continue;
            using var client = server.Connect();
            if (client.Text("FLUSHALL") is not "+OK\r\n" and var reply) throw new InvalidOperationException($"FLUSHALL: {reply}");
        }
    }

    /// <summary>New processes, after a failure that may have left a setting or a paused client behind: it must not spoil the tests that follow.</summary>
    public void Renew()
    {
        Dispose();
        (Real, Ours) = Start();
    }

    public void Dispose()
    {
        Real.Dispose();
        Ours.Dispose();
        _real74?.Dispose();
        _real74 = null;
    }

    private static (RealRedis Real, ServerProcess Ours) Start()
    {
        var real = new RealRedis(Options);
        try
        {
            return (real, new ServerProcess(Options));
        }
        catch
        {
            real.Dispose();
            throw;
        }
    }
}

[CollectionDefinition(ServerPair.Collection)]
public sealed class ServerPairCollection : ICollectionFixture<ServerPair>;
