using RedisLite.Engine.Config;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.Tests.Durability;

/// <summary>A simulated server with a disk that outlives it.</summary>
internal sealed class SavedServer : IDisposable
{
    public const string Rdb = "/data/dump.rdb";
    public const string AofDirectory = "/data/appendonlydir/";

    private readonly Action<ServerConfig>? _configure;

    public SavedServer(Action<ServerConfig>? configure = null)
    {
        _configure = configure;
        Redis = new TestEngine(configure, storage: Storage, clock: Clock);
    }

    public SimStorage Storage { get; } = new();

    public SimClock Clock { get; } = new();

    public TestEngine Redis { get; private set; }

    /// <summary>Of all keys that are not past their time.</summary>
    public string Digest
    {
        get
        {
            for (var i = 0; i < 20; i++) Redis.Advance(20);
            return Redis.Run("DEBUG DIGEST");
        }
    }

    /// <summary>One line a key: its name, type, time and the digest of its value; and the libraries of functions.</summary>
    public string Contents()
    {
        var all = new List<string> { Digest, Libraries() };
        for (var db = 0; db < 16; db++)
        {
            Run($"SELECT {db}");
            foreach (var item in RedisLite.Protocol.ReplyReader.ReadAll(Redis.RunRaw("KEYS"u8.ToArray(), "*"u8.ToArray()))[0].Items)
            {
                string Ask(params byte[][] words) => System.Text.Encoding.Latin1.GetString(Redis.RunRaw([.. words, item.Bytes])).Replace("\r\n", " ", StringComparison.Ordinal);
                all.Add($"{db} {System.Text.Encoding.Latin1.GetString(item.Bytes)} {Ask("TYPE"u8.ToArray())} {Ask("PEXPIRETIME"u8.ToArray())} {Ask("DEBUG"u8.ToArray(), "DIGEST-VALUE"u8.ToArray())}{FieldTimes(item.Bytes)} {StreamText.Of(Redis, item.Bytes)}");
            }
        }
        Run("SELECT 0");
        all.Sort(StringComparer.Ordinal);
        return string.Join('\n', all);
    }

    private string Libraries()
    {
        var libraries = RedisLite.Protocol.ReplyReader.ReadAll(Redis.RunRaw("FUNCTION"u8.ToArray(), "LIST"u8.ToArray(), "WITHCODE"u8.ToArray()))[0].Items;
        var codes = libraries.Select(static library => System.Text.Encoding.Latin1.GetString(library.Items[7].Bytes));
        return string.Join('|', codes.Order(StringComparer.Ordinal));
    }

    /// <summary>When the fields of a hash expire; nothing for another type.</summary>
    private string FieldTimes(byte[] key)
    {
        var fields = RedisLite.Protocol.ReplyReader.ReadAll(Redis.RunRaw("HKEYS"u8.ToArray(), key))[0].Items;
        var times = fields.Select(field => $"{System.Text.Encoding.Latin1.GetString(field.Bytes)}@{TimeOf(field.Bytes)}").Where(static time => !time.EndsWith("@-1", StringComparison.Ordinal));
        return string.Concat(times.Order(StringComparer.Ordinal).Select(static time => " " + time));

        long TimeOf(byte[] field) =>
            RedisLite.Protocol.ReplyReader.ReadAll(Redis.RunRaw("HPEXPIRETIME"u8.ToArray(), key, "FIELDS"u8.ToArray(), "1"u8.ToArray(), field))[0].Items[0].Integer;
    }

    public string Log => string.Join('\n', Redis.Log.Lines.Select(static line => line.Message));

    /// <summary>The process is killed: what it wrote is there, nothing else.</summary>
    public void Kill(Action<ServerConfig>? configure = null)
    {
        Redis.Background.Forget();
        Dispose();
        Redis = new TestEngine(configure ?? _configure, storage: Storage, clock: Clock, seed: 7);
    }

    public void Dispose() => Redis.Engine.Heap.Dispose();

    /// <summary>The machine stops and comes up again.</summary>
    public void PowerCut(int seed)
    {
        Storage.Restart(seed);
        Kill();
    }

    public string Run(string line) => Redis.Run(line);

    public string Info(string field) => InfoOf("persistence", field);

    public string InfoOf(string section, string field)
    {
        foreach (var line in Run($"INFO {section}").Split('\n'))
            if (line.StartsWith(field + ":", StringComparison.Ordinal)) return line[(field.Length + 1)..].Trim();
        return "(no such field)";
    }

    /// <summary>So many random commands of every family there is, and functions among them.</summary>
    public void Work(int seed, int commands, params string[] families)
    {
        if (families.Length == 0) families = [.. WorkloadFamilies.All.Keys];
        var random = new Random(seed);
        foreach (var request in new Workload(seed, families).Take(commands))
        {
            if (random.Next(50) == 0) Redis.Advance(random.Next(200));
            if (random.Next(40) == 0) Redis.Run(WithFunctions(random));
            if (IsSafe(request)) Redis.RunRaw(request);
        }
        if (Redis.Main.Client!.Has(RedisLite.Engine.ClientFlags.InMulti)) Redis.Run("DISCARD");
        Redis.Run("SELECT 0");
        Xunit.Assert.DoesNotContain("Bug in command", Log, StringComparison.Ordinal);
    }

    private static string WithFunctions(Random random)
    {
        var library = random.Next(4);
        return random.Next(8) switch
        {
            0 => $"FUNCTION DELETE lib{library}",
            1 => random.Next(5) == 0 ? "FUNCTION FLUSH" : "FUNCTION STATS",
            < 5 => $"FUNCTION LOAD REPLACE \"#!lua name=lib{library}\\nredis.register_function('f{library}', function(keys, args) return redis.call('append', keys[1], '{random.Next(1000)}') end)\"",
            _ => $"FCALL f{library} 1 called:{library}",
        };
    }

    /// <summary>Nothing that ends or changes the connection, or makes it wait.</summary>
    private static bool IsSafe(byte[][] request) =>
        request.Length > 0 && request[0] is not [(byte)'B' or (byte)'b', (byte)'L' or (byte)'l' or (byte)'R' or (byte)'r' or (byte)'Z' or (byte)'z', ..] && System.Text.Encoding.Latin1.GetString(request[0]).ToUpperInvariant() is not ("QUIT" or "RESET" or "SHUTDOWN" or "SUBSCRIBE" or "PSUBSCRIBE"
            or "SSUBSCRIBE" or "MONITOR" or "CONFIG" or "CLIENT" or "DEBUG" or "HELLO" or "AUTH" or "BGSAVE" or "SAVE" or "BGREWRITEAOF" or "ACL");
}
