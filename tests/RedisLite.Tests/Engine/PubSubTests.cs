using System.Text;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>The order of messages and replies, as redis-server 7.2.6 sends them: 7.0 still mixed them.</summary>
public class PubSubTests
{
    private readonly TestEngine _redis = new();

    private string Bytes(string line)
    {
        _redis.Main.Send(line);
        return Encoding.Latin1.GetString(_redis.Main.TakeRaw());
    }

    private const string Own = ">3\r\n$7\r\nmessage\r\n$3\r\nfoo\r\n$3\r\nbar\r\n>4\r\n$8\r\npmessage\r\n$2\r\nf*\r\n$3\r\nfoo\r\n$3\r\nbar\r\n";

    [Fact]
    public void A_message_to_oneself_comes_after_the_reply()
    {
        foreach (var line in (string[])["HELLO 3", "SUBSCRIBE foo", "PSUBSCRIBE f*"]) Bytes(line);
        Assert.Equal(":2\r\n" + Own, Bytes("PUBLISH foo bar"));
        foreach (var line in (string[])["MULTI", "PING a", "PUBLISH foo bar", "PING b"]) Bytes(line);
        Assert.Equal("*3\r\n$1\r\na\r\n:2\r\n$1\r\nb\r\n" + Own, Bytes("EXEC"));
        Assert.Equal("$1\r\nx\r\n" + Own, Bytes("EVAL \"redis.call('publish','foo','bar') return 'x'\" 0"));
        Assert.Equal("", Bytes("CLIENT REPLY OFF"));
        Assert.Equal(Own, Bytes("PUBLISH foo bar"));
    }

    [Fact]
    public void Confirmations_inside_a_transaction_are_its_replies()
    {
        foreach (var line in (string[])["HELLO 3", "MULTI", "SUBSCRIBE x", "PUBLISH x 1", "UNSUBSCRIBE x", "SSUBSCRIBE s", "SPUBLISH s 1"]) Bytes(line);
        Assert.Equal("*5\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n:1\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:0\r\n"
            + "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n:0\r\n>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\n1\r\n", Bytes("EXEC"));
    }

    [Fact]
    public void An_event_about_ones_own_change_comes_after_the_reply()
    {
        foreach (var line in (string[])["CONFIG SET notify-keyspace-events KEA", "HELLO 3", "SUBSCRIBE __keyspace@0__:k"]) Bytes(line);
        Assert.Equal("+OK\r\n>3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n", Bytes("SET k v"));
        var other = _redis.Connect();
        other.Run("APPEND k w");
        Assert.Equal(">3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$6\r\nappend\r\n", Encoding.Latin1.GetString(_redis.Main.TakeRaw()));
    }

    [Fact]
    public void A_blocked_command_replies_before_its_own_events()
    {
        foreach (var line in (string[])["CONFIG SET notify-keyspace-events El", "HELLO 3", "SUBSCRIBE __keyevent@0__:lpop"]) Bytes(line);
        Assert.Equal("", Bytes("BLPOP q 0"));
        _redis.Connect().Run("RPUSH q x");
        Assert.Equal("*2\r\n$1\r\nq\r\n$1\r\nx\r\n>3\r\n$7\r\nmessage\r\n$19\r\n__keyevent@0__:lpop\r\n$1\r\nq\r\n", Encoding.Latin1.GetString(_redis.Main.TakeRaw()));
    }

    [Fact]
    public void Messages_to_oneself_count_for_the_output_limit()
    {
        _redis.Run("CONFIG SET client-output-buffer-limit \"pubsub 100k 0 0\"");
        foreach (var line in (string[])["HELLO 3", "SUBSCRIBE foo", "MULTI"]) Bytes(line);
        for (var i = 0; i < 20; i++) Bytes($"PUBLISH foo {new string('x', 10_000)}");
        Bytes("EXEC");
        _redis.Iterate();
        Assert.True(_redis.Main.IsClosed);
    }

    [Theory]
    [InlineData("PUBSUB SHARDCHANNELS a b", "ERR unknown subcommand or wrong number of arguments for 'SHARDCHANNELS'. Try PUBSUB HELP.")]
    [InlineData("PUBSUB shardnumsub s t", "[s, 1, t, 0]")]
    [InlineData("PUBSUB SHARDCHANNELS s*", "[s]")]
    [InlineData("PUBSUB SHARDCHANNELS t*", "[]")]
    [InlineData("PUBSUB CHANNELS", "[]")]
    [InlineData("PUBSUB NUMSUB s", "[s, 0]")]
    [InlineData("SPUBLISH s x", "1")]
    [InlineData("PUBLISH s x", "0")]
    public void Shard_channels_are_a_world_of_their_own(string request, string reply)
    {
        _redis.Connect().Run("SSUBSCRIBE s");
        Assert.Equal(reply, _redis.Run(request));
    }
}
