using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class TransactionTests
{
    private readonly TestEngine _redis = new();

    [Fact]
    public void Exec_runs_the_queue_as_one_unit()
    {
        var sink = _redis.Record();
        Assert.Equal("OK", _redis.Run("MULTI"));
        Assert.Equal("QUEUED", _redis.Run("SET a 1"));
        Assert.Equal("QUEUED", _redis.Run("INCR a"));
        Assert.Equal("QUEUED", _redis.Run("GET a"));
        Assert.Equal("[OK, 2, 2]", _redis.Run("EXEC"));
        Assert.Equal(["SET a 1; INCR a"], sink.Units);
    }

    [Fact]
    public void A_refused_command_aborts_the_transaction()
    {
        _redis.Run("MULTI");
        Assert.Equal("ERR wrong number of arguments for 'set' command", _redis.Run("SET a"));
        Assert.Equal("EXECABORT Transaction discarded because of previous errors.", _redis.Run("EXEC"));
        Assert.Equal("ERR EXEC without MULTI", _redis.Run("EXEC"));
    }

    [Fact]
    public void An_error_inside_does_not_stop_the_rest()
    {
        _redis.Run("SET s x");
        _redis.Run("MULTI");
        _redis.Run("INCR s");
        _redis.Run("SET t 1");
        Assert.Equal("[ERR value is not an integer or out of range, OK]", _redis.Run("EXEC"));
    }

    [Fact]
    public void Watch_fails_exec_when_the_key_changed()
    {
        var other = _redis.Connect();
        _redis.Run("SET k 1");
        _redis.Run("WATCH k");
        other.Run("SET k 2");
        _redis.Run("MULTI");
        _redis.Run("SET k 3");
        Assert.Equal("(nil)", _redis.Run("EXEC"));
        Assert.Equal("2", _redis.Run("GET k"));
    }

    [Fact]
    public void Unwatch_and_discard_forget()
    {
        var other = _redis.Connect();
        _redis.Run("WATCH k");
        _redis.Run("UNWATCH");
        other.Run("SET k 2");
        _redis.Run("MULTI");
        _redis.Run("PING");
        Assert.Equal("[PONG]", _redis.Run("EXEC"));

        _redis.Run("WATCH k");
        other.Run("SET k 3");
        _redis.Run("MULTI");
        Assert.Equal("OK", _redis.Run("DISCARD"));
        _redis.Run("MULTI");
        Assert.Equal("[]", _redis.Run("EXEC"));
    }

    [Fact]
    public void An_expired_watched_key_is_a_change()
    {
        _redis.Run("SET k 1 PX 10");
        _redis.Run("WATCH k");
        _redis.Advance(20);
        _redis.Run("MULTI");
        Assert.Equal("(nil)", _redis.Run("EXEC"));
    }

    [Theory]
    [InlineData("MULTI", "ERR MULTI calls can not be nested")]
    [InlineData("WATCH k", "ERR WATCH inside MULTI is not allowed")]
    public void Not_inside_multi(string command, string error)
    {
        _redis.Run("MULTI");
        Assert.Equal(error, _redis.Run(command));
    }

    [Fact]
    public void Client_list_shows_the_queue_while_it_runs()
    {
        _redis.Run("MULTI");
        _redis.Run("CLIENT INFO");
        _redis.Run("PING");
        var reply = _redis.Run("EXEC");
        Assert.Contains(" flags=x ", reply, StringComparison.Ordinal);
        Assert.Contains(" multi=2 ", reply, StringComparison.Ordinal);
        Assert.Contains(" events=r ", reply, StringComparison.Ordinal);
        Assert.Contains(" flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 ", _redis.Run("CLIENT INFO"), StringComparison.Ordinal);
    }
}
