using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine;
using RedisLite.Engine.Commands;
using RedisLite.Testing;
using Xunit;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Tests.Engine;

/// <summary>The blocking machinery, with a command of the test's own: GETWAIT key [key ...] timeout takes the first string there is.</summary>
public class BlockingTests
{
    private readonly TestEngine _redis = new(commands: Table);

    private static CommandTable Table() => new CommandTable()
        .Add("string", StringCommands.Table())
        .Add("connection", ConnectionCommands.Table())
        .Add("connection", ClientCommands.Table())
        .Add("transactions", TransactionCommands.Table())
        .Add("test", new CommandSpec("GETWAIT", -3, GetWait, Write | Blocking, "key [key ...] timeout"))
        .Freeze();

    private static void GetWait(CommandContext ctx)
    {
        var lastKey = ctx.Argc - 2;
        var args = ctx.ArgsFrom(lastKey + 1);
        var timeout = args.NextTimeout();
        if (args.Failed()) return;

        for (var i = 1; i <= lastKey; i++)
        {
            var key = ctx.Arg(i);
            if (!ctx.TryWrite<StringValue>(key, out var value)) return;
            if (value.IsMissing) continue;
            ctx.Reply.Array(2);
            ctx.Reply.Bulk(key);
            ctx.Reply.Bulk(value.Get(stackalloc byte[StringValue.ScratchMax]));
            ctx.Remove(value.Entry);
            ctx.Changed(key, RedisLite.Engine.Databases.KeyEvents.Del);
            ctx.PropagateAs("DEL"u8).Arg(key);
            return;
        }

        ctx.Block(RedisLite.Data.ValueType.String, 1, lastKey, timeout);
    }

    [Fact]
    public void Served_at_once_when_there_is_something()
    {
        _redis.Run("SET a 1");
        Assert.Equal("[a, 1]", _redis.Run("GETWAIT b a 0"));
    }

    [Fact]
    public void Served_in_order_of_arrival()
    {
        var (first, second) = (_redis.Connect(), _redis.Connect());
        var sink = _redis.Record();
        Assert.Equal("", first.Run("GETWAIT k 0"));
        Assert.Equal("", second.Run("GETWAIT k 0"));
        Assert.Equal("OK", _redis.Run("SET k 1"));
        Assert.Equal("[k, 1]", first.Take());
        Assert.Equal("", second.Take());
        _redis.Run("SET k 2");
        Assert.Equal("[k, 2]", second.Take());
        Assert.Equal(["SET k 1", "DEL k", "SET k 2", "DEL k"], sink.Units);
        Assert.Equal(0, _redis.Engine.Blocked.Count);
    }

    [Fact]
    public void Requests_behind_a_blocked_one_wait_and_then_run()
    {
        var client = _redis.Connect();
        client.SendBytes("GETWAIT k 0\r\nPING\r\n"u8);
        Assert.Equal("", client.Take());
        _redis.Run("SET k v");
        Assert.Equal("[k, v] | PONG", client.Take());
    }

    [Fact]
    public void Timeout_answers_nothing()
    {
        var client = _redis.Connect();
        client.Run("GETWAIT k 0.5");
        _redis.Advance(499);
        Assert.Equal("", client.Take());
        _redis.Advance(2);
        Assert.Equal("(nil)", client.Take());
        Assert.Equal("PONG", client.Run("PING"));
    }

    [Theory]
    [InlineData("", "(nil)")]
    [InlineData(" TIMEOUT", "(nil)")]
    [InlineData(" ERROR", "UNBLOCKED client unblocked via CLIENT UNBLOCK")]
    public void Client_unblock(string reason, string reply)
    {
        var client = _redis.Connect();
        client.Run("GETWAIT k 0");
        Assert.Equal("1", _redis.Run($"CLIENT UNBLOCK {client.Client!.Id}{reason}"));
        Assert.Equal(reply, client.Take());
        Assert.Equal("0", _redis.Run($"CLIENT UNBLOCK {client.Client.Id}"));
    }

    /// <summary>What redis-server 7.2.6 counts: the error to both commands, and WAIT twice, when it begins to wait and when it fails.</summary>
    [Fact]
    public void Client_unblock_with_an_error_is_counted_asredis_counts_it()
    {
        var redis = new TestEngine();
        var client = redis.Connect();
        foreach (var command in (string[])["BLPOP k 0", "WAIT 1 0"])
        {
            client.Run(command);
            Assert.Equal("1", redis.Run($"CLIENT UNBLOCK {client.Client!.Id} ERROR"));
        }
        var stats = redis.Run("INFO commandstats");
        Assert.Matches("cmdstat_blpop:calls=1,.*,failed_calls=1", stats);
        Assert.Matches("cmdstat_wait:calls=2,.*,failed_calls=1", stats);
        Assert.Matches("cmdstat_client\\|unblock:calls=2,.*,failed_calls=2", stats);
        Assert.Contains("errorstat_UNBLOCKED:count=2", redis.Run("INFO errorstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_blocked_client_that_leaves_is_forgotten()
    {
        var client = _redis.Connect();
        client.Run("GETWAIT k 0");
        client.Close();
        Assert.Equal(0, _redis.Engine.Blocked.Count);
        _redis.Run("SET k 1");
        Assert.Equal("1", _redis.Run("GET k"));
    }

    [Fact]
    public void In_a_transaction_it_answers_at_once()
    {
        _redis.Run("MULTI");
        _redis.Run("GETWAIT k 0");
        Assert.Equal("[(nil)]", _redis.Run("EXEC"));
    }

    [Fact]
    public void Served_after_the_whole_transaction_that_made_the_key_ready()
    {
        var client = _redis.Connect();
        client.Run("GETWAIT k 0");
        _redis.Run("MULTI");
        _redis.Run("SET k 1");
        _redis.Run("SET k 2");
        Assert.Equal("[OK, OK]", _redis.Run("EXEC"));
        Assert.Equal("[k, 2]", client.Take());
    }

    [Theory]
    [InlineData("GETWAIT k x", "ERR timeout is not a float or out of range")]
    [InlineData("GETWAIT k -1", "ERR timeout is negative")]
    public void Bad_timeouts(string command, string error) => Assert.Equal(error, _redis.Run(command));

    [Fact]
    public void A_command_that_waited_counts_when_it_is_over()
    {
        var redis = new TestEngine();
        var client = redis.Connect();
        redis.Run("CONFIG SET slowlog-log-slower-than 0");
        redis.Run("CONFIG RESETSTAT");
        redis.Run("SLOWLOG RESET");
        client.Run("BLPOP q 0.01");
        Assert.Equal("1", redis.Run("SLOWLOG LEN"));
        redis.Advance(20);
        Assert.Equal("(nil)", client.Take());
        Assert.Contains("[BLPOP, q, 0.01]", redis.Run("SLOWLOG GET"), StringComparison.Ordinal);
        client.Run("BLPOP q 0");
        redis.Run($"CLIENT UNBLOCK {client.Client!.Id} ERROR");
        client.Take();
        Assert.Contains("cmdstat_blpop:calls=2,usec=", redis.Run("INFO commandstats"), StringComparison.Ordinal);
        Assert.Contains("failed_calls=1", redis.Run("INFO commandstats"), StringComparison.Ordinal);
    }
}
