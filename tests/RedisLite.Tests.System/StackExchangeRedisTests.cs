using System.Net;
using RedisLite.Testing;
using StackExchange.Redis;

namespace RedisLite.SystemTests;

/// <summary>
/// What a .NET application does through StackExchange.Redis. Written against the API that versions 1.2 and 2.x share.
/// </summary>
public sealed class StackExchangeRedisTests : IClassFixture<StackExchangeRedisTests.Fixture>
{
    private readonly Fixture _fixture;
    private readonly IDatabase _db;

    public StackExchangeRedisTests(Fixture fixture)
    {
        _fixture = fixture;
        _db = fixture.Connection.GetDatabase();
        _fixture.Server.FlushAllDatabases();
    }

    private IServer Server => _fixture.Server;

    [Fact]
    public void Strings_are_set_read_and_counted()
    {
        Assert.True(_db.StringSet("k", "v"));
        Assert.Equal("v", (string?)_db.StringGet("k"));
        Assert.True(_db.StringGet("missing").IsNull);
        Assert.False(_db.StringSet("k", "other", when: When.NotExists));
        Assert.True(_db.StringSet("k", "w", TimeSpan.FromMinutes(1), When.Exists));
        Assert.InRange(_db.KeyTimeToLive("k")!.Value.TotalSeconds, 50, 60);
        Assert.Equal("w", (string?)_db.StringGetSet("k", "x"));
        Assert.Equal(41, _db.StringIncrement("n", 41));
        Assert.Equal(42, _db.StringIncrement("n"));
        Assert.Equal(40, _db.StringDecrement("n", 2));
        Assert.Equal(1.5, _db.StringIncrement("f", 1.5));
        Assert.Equal(2, _db.StringAppend("k", "!"));
        Assert.Equal(2, _db.StringLength("k"));
        Assert.Equal("!", (string?)_db.StringGetRange("k", 1, -1));
        Assert.True(_db.StringSet([new("a", "1"), new("b", "2")]));
        Assert.Equal(["1", "", "2"], _db.StringGet(["a", "missing", "b"]).Select(v => (string?)v ?? ""));
        var withExpiry = _db.StringGetWithExpiry("a");
        Assert.Equal("1", (string?)withExpiry.Value);
        Assert.Null(withExpiry.Expiry);
    }

    [Fact]
    public void Binary_and_big_values_come_back_unchanged()
    {
        var big = new byte[5_000_000];
        new Random(1).NextBytes(big);
        _db.StringSet("big", big);
        Assert.Equal(big, (byte[]?)_db.StringGet("big"));
        _db.StringSet(new byte[] { 0, 13, 10, 255 }, Array.Empty<byte>());
        Assert.Empty(((byte[]?)_db.StringGet(new byte[] { 0, 13, 10, 255 }))!);
    }

    [Fact]
    public void Hashes_hold_fields()
    {
        _db.HashSet("h", [new("name", "x"), new("age", 7)]);
        Assert.Equal("x", (string?)_db.HashGet("h", "name"));
        Assert.False(_db.HashSet("h", "name", "y"));
        Assert.False(_db.HashSet("h", "name", "z", When.NotExists));
        Assert.True(_db.HashSet("h", "new", "1"));
        Assert.Equal(8, _db.HashIncrement("h", "age"));
        Assert.Equal(0.5, _db.HashIncrement("h", "ratio", 0.5));
        Assert.Equal(4, _db.HashLength("h"));
        Assert.True(_db.HashExists("h", "age"));
        Assert.Equal(["y", ""], _db.HashGet("h", ["name", "nope"]).Select(v => (string?)v ?? ""));
        Assert.Equal(["age", "name", "new", "ratio"], _db.HashGetAll("h").Select(e => (string)e.Name!).Order());
        Assert.Equal(["age", "name", "new", "ratio"], _db.HashKeys("h").Select(v => (string)v!).Order());
        Assert.Equal(4, _db.HashValues("h").Length);
        Assert.True(_db.HashDelete("h", "new"));
        Assert.Equal(2, _db.HashDelete("h", ["age", "ratio", "nope"]));
        Assert.Equal(RedisType.Hash, _db.KeyType("h"));
    }

    [Fact]
    public void HashScan_visits_every_field_of_a_big_hash()
    {
        var entries = Enumerable.Range(0, 2000).Select(i => new HashEntry("f" + i, i)).ToArray();
        _db.HashSet("h", entries);
        var seen = _db.HashScan("h", pageSize: 100).Select(e => (string)e.Name!).ToHashSet();
        Assert.Equal(2000, seen.Count);
        Assert.Equal(11, _db.HashScan("h", "f199?", 100).Select(e => (string)e.Name!).Append("x").Distinct().Count());
    }

    [Fact]
    public async Task Keys_expire_persist_move_and_rename()
    {
        _db.StringSet("k", "v", TimeSpan.FromMilliseconds(50));
        _db.StringSet("p", "v", TimeSpan.FromMinutes(5));
        Assert.True(_db.KeyPersist("p"));
        Assert.Null(_db.KeyTimeToLive("p"));
        Assert.True(_db.KeyExpire("p", TimeSpan.FromMinutes(1)));
        Assert.True(_db.KeyExpire("p", DateTime.UtcNow.AddHours(1)));
        Assert.InRange(_db.KeyTimeToLive("p")!.Value.TotalMinutes, 59, 60);
        await Task.Delay(120);
        Assert.False(_db.KeyExists("k"));
        Assert.True(_db.KeyRename("p", "q"));
        Assert.False(_db.KeyExists("p"));
        Assert.Throws<RedisServerException>(() => _db.KeyRename("p", "q"));
        Assert.True(_db.KeyMove("q", 3));
        Assert.True(_fixture.Connection.GetDatabase(3).KeyExists("q"));
        Assert.True(_fixture.Connection.GetDatabase(3).KeyDelete("q"));
        Assert.Equal(RedisType.None, _db.KeyType("q"));
        _db.StringSet("only", "1");
        Assert.Equal("only", (string?)_db.KeyRandom());
        Assert.Equal(1, _db.KeyDelete(["only", "missing"]));
    }

    [Fact]
    public void Transactions_with_conditions()
    {
        _db.StringSet("balance", 10);
        var bought = _db.CreateTransaction();
        bought.AddCondition(Condition.StringEqual("balance", 10));
        bought.AddCondition(Condition.KeyNotExists("lock"));
        var left = bought.StringDecrementAsync("balance", 7);
        var entry = bought.HashSetAsync("order", "price", 7);
        Assert.True(bought.Execute());
        Assert.Equal(3, left.Result);
        Assert.True(entry.Result);

        var refused = _db.CreateTransaction();
        refused.AddCondition(Condition.StringEqual("balance", 10));
        var never = refused.StringSetAsync("balance", 0);
        Assert.False(refused.Execute());
        Assert.True(never.IsCanceled);
        Assert.Equal(3, (int)_db.StringGet("balance"));

        var onHash = _db.CreateTransaction();
        onHash.AddCondition(Condition.HashEqual("order", "price", 7));
        onHash.AddCondition(Condition.HashNotExists("order", "paid"));
        onHash.AddCondition(Condition.HashLengthEqual("order", 1));
        onHash.AddCondition(Condition.StringLengthLessThan("balance", 5));
        _ = onHash.HashSetAsync("order", "paid", 1);
        Assert.True(onHash.Execute());
    }

    [Fact]
    public async Task A_subscriber_hears_channels_and_patterns()
    {
        var subscriber = _fixture.Connection.GetSubscriber();
        var heard = new TaskCompletionSource<string>();
        var matched = new TaskCompletionSource<string>();
        subscriber.Subscribe(new RedisChannel("news", RedisChannel.PatternMode.Literal), (channel, message) => heard.TrySetResult($"{channel}={message}"));
        subscriber.Subscribe(new RedisChannel("p*", RedisChannel.PatternMode.Pattern), (channel, message) => matched.TrySetResult($"{channel}={message}"));
        Assert.Equal(1, subscriber.Publish(new RedisChannel("news", RedisChannel.PatternMode.Literal), "hello"));
        Assert.Equal(1, _db.Publish(new RedisChannel("page", RedisChannel.PatternMode.Literal), "x"));
        Assert.Equal("news=hello", await heard.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal("page=x", await matched.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(1, Server.SubscriptionSubscriberCount(new RedisChannel("news", RedisChannel.PatternMode.Literal)));
        Assert.Equal(1, Server.SubscriptionPatternCount());
        subscriber.UnsubscribeAll();
    }

    [Fact]
    public async Task A_long_pipeline_answers_in_order()
    {
        var batch = _db.CreateBatch();
        var tasks = Enumerable.Range(1, 10_000).Select(_ => batch.StringIncrementAsync("n")).ToArray();
        batch.Execute();
        Assert.Equal(Enumerable.Range(1, 10_000).Select(i => (long)i), await Task.WhenAll(tasks));
        _db.StringSet("fire", "forget", flags: CommandFlags.FireAndForget);
        Assert.Equal("forget", (string?)_db.StringGet("fire"));
    }

    [Fact]
    public async Task A_hundred_tasks_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                var key = $"worker:{worker}";
                await _db.StringSetAsync(key, i);
                Assert.Equal(i, (int)await _db.StringGetAsync(key));
                await _db.HashIncrementAsync("totals", worker);
                await _db.StringIncrementAsync("total");
            }
        })));
        Assert.Equal(10_000, (int)_db.StringGet("total"));
        Assert.All(_db.HashGetAll("totals"), entry => Assert.Equal(100, (int)entry.Value));
    }

    [Fact]
    public void Server_information_and_configuration()
    {
        Assert.Contains(Server.Info("server").Single(), pair => pair.Key == "redis_mode" && pair.Value == "standalone");
        Assert.Equal(["# Clients", "# Memory", "# Server"], Server.InfoRaw()!.Split("\r\n").Where(line => line is "# Server" or "# Clients" or "# Memory").Order());
        Assert.Equal(new Version(7, 0), new Version(Server.Version.Major, 0));
        Assert.Equal("0", Server.ConfigGet("maxmemory").Single().Value);
        Server.ConfigSet("timeout", 77);
        Assert.Equal("77", Server.ConfigGet("timeout").Single().Value);
        Server.ConfigSet("timeout", 0);
        Assert.True(Server.ConfigGet().Length > 100);
        Server.ConfigResetStatistics();
        Assert.True(Math.Abs((Server.Time() - DateTime.UtcNow).TotalSeconds) < 5);
        Assert.True(Server.Ping() < TimeSpan.FromSeconds(5));
        Assert.Equal("hello", (string?)Server.Echo("hello"));
        Assert.Contains(Server.ClientList(), client => client.Name == Fixture.ClientName);
        Assert.False(Server.IsSlave);
    }

    [Fact]
    public void Server_keys_and_sizes()
    {
        for (var i = 0; i < 500; i++) _db.StringSet("key:" + i, i);
        Assert.Equal(500, Server.DatabaseSize());
        Assert.Equal(500, Server.Keys(pattern: "key:*", pageSize: 50).Distinct().Count());
        Assert.Equal(10, Server.Keys(pattern: "key:49?", pageSize: 1000).Count());
        Server.FlushDatabase();
        Assert.Equal(0, Server.DatabaseSize());
    }

    [Fact]
    public void Slow_log_can_be_read()
    {
        Server.ConfigSet("slowlog-log-slower-than", 0);
        Server.SlowlogReset();
        _db.StringSet("slow", "v");
        var entry = Server.SlowlogGet().Single(trace => trace.Arguments.Length == 3 && trace.Arguments[1] == "slow");
        Assert.Equal("SET", ((string?)entry.Arguments[0])!.ToUpperInvariant());
        Server.ConfigSet("slowlog-log-slower-than", 10_000);
    }

    [Fact]
    public void Errors_reach_the_caller_and_leave_the_connection_in_use()
    {
        _db.StringSet("s", "v");
        var wrongType = Assert.Throws<RedisServerException>(() => _db.HashGet("s", "f"));
        Assert.StartsWith("WRONGTYPE", wrongType.Message, StringComparison.Ordinal);
        Assert.Contains("not an integer", Assert.Throws<RedisServerException>(() => _db.StringIncrement("s")).Message, StringComparison.Ordinal);
        Assert.Equal("v", (string?)_db.StringGet("s"));
    }

    [Fact]
    public void Any_command_can_be_executed()
    {
        Assert.Equal("PONG", (string?)_db.Execute("PING"));
        Assert.Equal("OK", (string?)_db.Execute("SET", "k", "v", "EX", 100));
        Assert.Equal(3, ((RedisResult[]?)_db.Execute("MGET", "k", "l", "m"))!.Length);
        Assert.Contains("unknown command", Assert.Throws<RedisServerException>(() => _db.Execute("NOSUCH")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_reconnects_after_a_restart()
    {
        using var server = new ServerProcess();
        using var connection = ConnectionMultiplexer.Connect(Fixture.Options(server.Port));
        var db = connection.GetDatabase();
        db.StringSet("before", "1");
        server.Restart();
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (true)
        {
            try
            {
                Assert.True(await db.StringSetAsync("after", "1"));
                break;
            }
            catch (Exception e) when (e is RedisConnectionException or RedisTimeoutException or TimeoutException && DateTime.UtcNow < deadline)
            {
                await Task.Delay(50);
            }
        }

        Assert.True(db.StringGet("before").IsNull);
    }

    [Fact]
    public void A_password_is_asked_for()
    {
        using var server = new ServerProcess("--requirepass", "secret");
        var options = Fixture.Options(server.Port);
        options.Password = "secret";
        using (var connection = ConnectionMultiplexer.Connect(options)) Assert.True(connection.GetDatabase().StringSet("k", "v"));
        options.Password = "wrong";
        options.ConnectRetry = 1;
        options.ConnectTimeout = 1000;
        Assert.Throws<RedisConnectionException>(() => ConnectionMultiplexer.Connect(options));
    }

    [Fact]
    public void Scripts_are_evaluated()
    {
        Assert.Equal("v", (string?)_db.ScriptEvaluate("redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])", ["k"], ["v"]));
        Assert.Equal(7, (long)_db.ScriptEvaluate("return ARGV[1] + ARGV[2]", values: [3, 4]));
        var list = ((RedisResult[]?)_db.ScriptEvaluate("return {1, 'two', {3}, false}"))!;
        Assert.Equal(1, (int)list[0]);
        Assert.Equal("two", (string?)list[1]);
        Assert.Equal(3, (int)((RedisResult[]?)list[2])![0]);
        Assert.True(list[3].IsNull);
        var binary = new byte[] { 0, 13, 10, 255 };
        Assert.Equal(binary, (byte[]?)_db.ScriptEvaluate("return ARGV[1]", values: [binary]));
        for (var i = 0; i < 3; i++) Assert.Equal(i, (int)_db.ScriptEvaluate("return tonumber(ARGV[1])", values: [i]));     // the second time by its SHA1
        Assert.Contains("nosuch", Assert.Throws<RedisServerException>(() => _db.ScriptEvaluate("return nosuch")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_are_prepared_and_loaded()
    {
        var script = LuaScript.Prepare("return redis.call('incrby', @key, @by)");
        Assert.Equal(5, (int)script.Evaluate(_db, new { key = (RedisKey)"n", by = 5 }));
        var loaded = script.Load(Server);
        Assert.Equal(7, (int)loaded.Evaluate(_db, new { key = (RedisKey)"n", by = 2 }));
        Assert.True(Server.ScriptExists(script.ExecutableScript));

        var hash = Server.ScriptLoad("return 'loaded'");
        Assert.Equal("loaded", (string?)_db.ScriptEvaluate(hash));
        Server.ScriptFlush();
        Assert.False(Server.ScriptExists(hash));
        Assert.Equal(9, (int)script.Evaluate(_db, new { key = (RedisKey)"n", by = 2 }));                              // the client sends it anew
    }

    [Fact]
    public async Task Scripts_run_in_batches_and_transactions()
    {
        var transaction = _db.CreateTransaction();
        var first = transaction.ScriptEvaluateAsync("return redis.call('incr', KEYS[1])", ["t"]);
        var second = transaction.ScriptEvaluateAsync("return redis.call('incr', KEYS[1])", ["t"]);
        Assert.True(await transaction.ExecuteAsync());
        Assert.Equal(1, (int)await first);
        Assert.Equal(2, (int)await second);
        var counts = Enumerable.Range(0, 100).Select(_ => _db.ScriptEvaluateAsync("return redis.call('incr', KEYS[1])", ["p"]));
        Assert.Equal(Enumerable.Range(1, 100), (await Task.WhenAll(counts)).Select(result => (int)result));
    }

    /// <summary>One server and one connection for all tests of the class, as applications have it.</summary>
    public sealed class Fixture : IDisposable
    {
        public const string ClientName = "stackexchange-tests";

        private readonly ServerProcess _process = new();

        public Fixture()
        {
            Connection = ConnectionMultiplexer.Connect(Options(_process.Port));
            Server = Connection.GetServer(new IPEndPoint(IPAddress.Loopback, _process.Port));
        }

        public ConnectionMultiplexer Connection { get; }
        public IServer Server { get; }

        public static ConfigurationOptions Options(int port) => new()
        {
            EndPoints = { { "127.0.0.1", port } },
            AllowAdmin = true,
            ClientName = ClientName,
            ConnectTimeout = 10_000,
            SyncTimeout = 20_000,
            AbortOnConnectFail = true,
        };

        public void Dispose()
        {
            Connection.Dispose();
            _process.Dispose();
        }
    }
}
