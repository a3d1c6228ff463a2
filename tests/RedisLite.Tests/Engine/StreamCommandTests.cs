using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class StreamCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("XADD s 1-1 a 1", "1-1", "XRANGE s - +", "[[1-1, [a, 1]]]")]
    [InlineData("XADD s 5 a 1 b 2", "5-0", "XREVRANGE s + -", "[[5-0, [a, 1, b, 2]]]")]
    [InlineData("XADD s 0-* a 1", "0-1", "XLEN s", "1")]
    [InlineData("XADD s NOMKSTREAM * a 1", "(nil)", "EXISTS s", "0")]
    [InlineData("XADD s MAXLEN 0 1-1 a 1", "1-1", "XLEN s", "0")]
    [InlineData("XADD s 0-0 a 1", "ERR The ID specified in XADD must be greater than 0-0", "EXISTS s", "0")]
    [InlineData("XADD s 1-1 a", "ERR wrong number of arguments for 'xadd' command", "EXISTS s", "0")]
    [InlineData("XADD s MAXLEN 5 LIMIT 3 1-1 a b", "ERR syntax error, LIMIT cannot be used without the special ~ option", "EXISTS s", "0")]
    [InlineData("XSETID s 1-1", "ERR no such key", "EXISTS s", "0")]
    [InlineData("XREAD BLOCK 9223372036854775807 STREAMS s 0", "ERR timeout is out of range", "EXISTS s", "0")]
    [InlineData("XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 3", "OK", "XINFO GROUPS s", "[[name, g, consumers, 0, pending, 0, last-delivered-id, 0-0, entries-read, 3, lag, 0]]")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void An_ID_of_the_server_is_the_time_and_never_goes_back()
    {
        var ms = _redis.Clock.NowMs;
        Assert.Equal($"{ms}-0", _redis.Run("XADD s * a 1"));
        Assert.Equal($"{ms}-1", _redis.Run("XADD s * a 1"));
        Assert.Equal($"{ms + 100}-18446744073709551615", _redis.Run($"XADD s {ms + 100}-18446744073709551615 a 1"));
        Assert.Equal($"{ms + 101}-0", _redis.Run("XADD s * a 1"));
        _redis.Run("XADD s 18446744073709551615-18446744073709551615 a 1");
        Assert.Equal("ERR The stream has exhausted the last possible ID, unable to add more items", _redis.Run("XADD s * a 1"));
    }

    [Fact]
    public void XSETID_minds_what_was_deleted()
    {
        _redis.Run("XADD s 1-1 a 1");
        _redis.Run("XADD s 5-5 a 1");
        _redis.Run("XDEL s 5-5");
        Assert.Equal("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id", _redis.Run("XSETID s 4-4"));
        Assert.Equal("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id", _redis.Run("XSETID s 6-6 MAXDELETEDID 7-7"));
        Assert.Equal("ERR The entries_added specified in XSETID is smaller than the target stream length", _redis.Run("XSETID s 6-6 ENTRIESADDED 0"));
        Assert.Equal("OK", _redis.Run("XSETID s 6-6 ENTRIESADDED 9 MAXDELETEDID 6-0"));
        Assert.Equal("[length, 1, radix-tree-keys, 1, radix-tree-nodes, 2, last-generated-id, 6-6, max-deleted-entry-id, 6-0, entries-added, 9, "
            + "recorded-first-entry-id, 1-1, groups, 0, first-entry, [1-1, [a, 1]], last-entry, [1-1, [a, 1]]]", _redis.Run("XINFO STREAM s"));
    }

    [Fact]
    public void What_depends_on_time_and_nodes_goes_out_as_its_outcome()
    {
        var sink = _redis.Record();
        _redis.Run("CONFIG SET stream-node-max-entries 2");
        var ms = _redis.Clock.NowMs;
        _redis.Run("XADD s * a 1");
        _redis.Run("XADD s 18446744073709551615 a 1");
        _redis.Run("XADD s MAXLEN 7 18446744073709551615-* a 1");
        _redis.Run("XADD s MAXLEN ~ 2 LIMIT 50 * a 1");
        _redis.Run("XADD s MINID ~ 1 * a 1");
        _redis.Run("XTRIM s MAXLEN ~ 1");
        Assert.Equal(
        [
            $"XADD s {ms}-0 a 1", "XADD s 18446744073709551615 a 1", "XADD s MAXLEN = 7 18446744073709551615-1 a 1",
            "XADD s MAXLEN = 2 18446744073709551615-2 a 1", "XADD s 18446744073709551615-3 a 1", "XTRIM s MAXLEN = 1",
        ], sink.Units);
    }

    [Fact]
    public void What_a_group_hands_out_goes_out_as_claims_and_progress()
    {
        Fill();
        var sink = _redis.Record();
        var ms = _redis.Clock.NowMs;
        _redis.Run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        _redis.Run("XREADGROUP GROUP g c NOACK STREAMS s >");
        _redis.Run("XREADGROUP GROUP g c STREAMS s >");
        _redis.Run("XREADGROUP GROUP g c COUNT 1 STREAMS s 0");
        _redis.Run("XDEL s 2-0");
        _redis.Run("XAUTOCLAIM s g d 0 0");
        Assert.Equal(
        [
            $"XGROUP CREATECONSUMER s g c; XCLAIM s g c 0 1-0 2-0 TIME {ms} RETRYCOUNT 1 FORCE JUSTID LASTID 2-0; XGROUP SETID s g 2-0 ENTRIESREAD 2",
            "XGROUP SETID s g 4-0 ENTRIESREAD 4",
            $"XCLAIM s g c 0 1-0 TIME {ms} RETRYCOUNT 2 FORCE JUSTID LASTID 4-0",
            "XDEL s 2-0",
            $"XGROUP CREATECONSUMER s g d; XCLAIM s g d 0 1-0 TIME {ms} RETRYCOUNT 3 FORCE JUSTID LASTID 4-0; XACK s g 2-0",
        ], sink.Units);
    }

    [Fact]
    public void Consumers_are_made_when_they_ask_and_active_when_they_get_something()
    {
        Fill();
        var ms = _redis.Clock.NowMs;
        Assert.Equal("[]", _redis.Run("XCLAIM s g a 0 9-9"));
        Assert.Equal("[[s, []]]", _redis.Run("XREADGROUP GROUP g b STREAMS s 0"));
        _redis.Run("XREADGROUP GROUP g c COUNT 1 STREAMS s >");
        _redis.Run("XREADGROUP GROUP g d NOACK COUNT 1 STREAMS s >");
        _redis.Advance(50);
        _redis.Run("XREADGROUP GROUP g c STREAMS s 0");
        Assert.Equal("[[name, a, pending, 0, idle, 50, inactive, -1], [name, b, pending, 0, idle, 50, inactive, -1], "
            + "[name, c, pending, 1, idle, 0, inactive, 50], [name, d, pending, 0, idle, 50, inactive, -1]]", _redis.Run("XINFO CONSUMERS s g"));
        Assert.Equal($"[[1-0, c, 0, 2]]", _redis.Run("XPENDING s g - + 10 c"));
        Assert.Contains($"[name, c, seen-time, {ms + 50}, active-time, {ms}, pel-count, 1, pending, [[1-0, {ms + 50}, 2]]]", _redis.Run("XINFO STREAM s FULL"));
    }

    [Fact]
    public void A_deleted_entry_stays_pending_until_somebody_claims_it()
    {
        Fill();
        _redis.Run("XREADGROUP GROUP g c STREAMS s >");
        _redis.Run("XDEL s 1-0");
        _redis.Run("XDEL s 2-0");
        Assert.Equal("[[s, [[1-0, (nil)], [2-0, (nil)], [3-0, [a, 3]], [4-0, [a, 4]]]]]", _redis.Run("XREADGROUP GROUP g c STREAMS s 0"));
        Assert.Equal("[3-0, [], [1-0, 2-0]]", _redis.Run("XAUTOCLAIM s g d 0 - COUNT 2"));
        Assert.Equal("[4-0, [3-0], []]", _redis.Run("XAUTOCLAIM s g d 0 (2-0 COUNT 1 JUSTID"));
        Assert.Equal("[2, 3-0, 4-0, [[c, 1], [d, 1]]]", _redis.Run("XPENDING s g"));
    }

    [Theory]
    [InlineData("XACK s g 1-0", false)]
    [InlineData("XGROUP SETID s g 0", false)]
    [InlineData("XREADGROUP GROUP g c STREAMS s >", false)]
    [InlineData("XDEL s 1-0", true)]
    [InlineData("XTRIM s MAXLEN 0", true)]
    public void What_groups_keep_is_no_change_of_the_key(string command, bool failsWatchers)
    {
        Fill();
        var other = _redis.Connect();
        other.Run("WATCH s");
        _redis.Run(command);
        other.Run("MULTI");
        other.Run("PING");
        Assert.Equal(failsWatchers ? "(nil)" : "[PONG]", other.Run("EXEC"));
    }

    [Theory]
    [InlineData("XGROUP SETID s g 0", "")]
    [InlineData("XSETID s 9-9", "")]
    [InlineData("XDEL s 1-0", "")]
    [InlineData("XGROUP DESTROY s h", "")]
    [InlineData("XADD s 5 a 5", "[[s, [[5-0, [a, 5]]]]]")]
    [InlineData("XGROUP DESTROY s g", "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [InlineData("DEL s", "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [InlineData("FLUSHALL", "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")]
    [InlineData("SET s x", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    public void A_waiting_consumer_hears_of_what_concerns_it(string command, string reply)
    {
        Fill();
        _redis.Run("XGROUP CREATE s h 0");
        _redis.Run("XREADGROUP GROUP g c STREAMS s >");
        var client = _redis.Connect();
        client.Run("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        _redis.Run(command);
        Assert.Equal(reply, client.Take());
    }

    [Fact]
    public void A_waiting_reader_reads_behind_what_was_last_when_it_came()
    {
        Fill();
        var (first, second) = (_redis.Connect(), _redis.Connect());
        first.Run("XREAD BLOCK 0 STREAMS s missing $ $");
        second.Run("XREAD BLOCK 100 STREAMS s 4-0");
        _redis.Run("DEL s");
        _redis.Run("XADD s 3-0 a 1");
        Assert.Equal(("", ""), (first.Take(), second.Take()));
        _redis.Advance(101);
        Assert.Equal("(nil)", second.Take());
        _redis.Run("XADD s 5-0 a 1");
        Assert.Equal("[[s, [[5-0, [a, 1]]]]]", first.Take());
    }

    [Fact]
    public void A_consumer_that_is_removed_while_it_waits_is_made_anew_and_that_goes_out_at_once()
    {
        Fill();
        _redis.Run("XGROUP SETID s g $");
        var client = _redis.Connect();
        client.Run("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        var sink = _redis.Record();
        _redis.Run("XGROUP DELCONSUMER s g c");
        _redis.Run("XGROUP CREATE s h 0");
        _redis.Run("XGROUP DESTROY s h");
        _redis.Run("SET other 1");
        Assert.Equal(["XGROUP DELCONSUMER s g c", "XGROUP CREATE s h 0", "XGROUP DESTROY s h", "XGROUP CREATECONSUMER s g c", "SET other 1"], sink.Units);
    }

    [Fact]
    public void Replies_of_resp3()
    {
        _redis.Run("HELLO 3");
        Fill();
        Assert.StartsWith("%1\r\n$1\r\ns\r\n*4\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n", Raw("XREAD STREAMS s 0"));
        Assert.StartsWith("%10\r\n$6\r\nlength\r\n:4\r\n", Raw("XINFO STREAM s"));
        Assert.Equal("_\r\n", Raw("XREAD STREAMS s $"));
        Assert.Equal("*4\r\n:0\r\n_\r\n_\r\n_\r\n", Raw("XPENDING s g"));
    }

    [Theory]
    [InlineData("XGROUP HELP")]
    [InlineData("XINFO HELP")]
    public void Help(string command) => Assert.Contains("Print this help.", _redis.Run(command));

    private string Raw(string command) => System.Text.Encoding.Latin1.GetString(_redis.RunRaw([.. command.Split(' ').Select(word => System.Text.Encoding.Latin1.GetBytes(word))]));

    private void Fill()
    {
        for (var i = 1; i <= 4; i++) _redis.Run($"XADD s {i}-0 a {i}");
        _redis.Run("XGROUP CREATE s g 0");
    }

    [Fact]
    public void Xread_gives_the_last_entry_of_a_stream()
    {
        var redis = new TestEngine();
        var waiting = redis.Connect();
        Assert.Equal("(nil)", redis.Run("XREAD STREAMS s +"));
        waiting.Run("XREAD BLOCK 0 STREAMS s +");
        redis.Run("MULTI");
        redis.Run("XADD s 1-1 f 1");
        redis.Run("XADD s 1-2 f 2");
        redis.Run("XADD s 2-1 f 3");
        redis.Run("EXEC");
        Assert.Equal("[[s, [[2-1, [f, 3]]]]]", waiting.Take());
        Assert.Equal("[[s, [[2-1, [f, 3]]]]]", redis.Run("XREAD COUNT 2 STREAMS s +"));
        redis.Run("XDEL s 2-1");
        Assert.Equal("[[s, [[1-2, [f, 2]]]]]", redis.Run("XREAD STREAMS s +"));
        redis.Run("XGROUP CREATE s g 0");
        Assert.StartsWith("ERR The + ID is meaningless in the context of XREADGROUP", redis.Run("XREADGROUP GROUP g c STREAMS s +"), StringComparison.Ordinal);
    }
}
