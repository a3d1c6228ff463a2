using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Client-side caching: who is told of which key, when, and in which form.</summary>
public class ClientTrackingTests
{
    private readonly TestEngine _redis = new();
    private readonly TestClient _reader;
    private readonly TestClient _writer;

    public ClientTrackingTests()
    {
        _reader = _redis.Connect();
        _writer = _redis.Connect();
        _reader.Run("HELLO 3");
    }

    private string Told()
    {
        _redis.Iterate();
        return _reader.Take();
    }

    [Fact]
    public void A_reader_is_told_once()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("GET k");
        _writer.Run("SET k 1");
        Assert.Equal(">[invalidate, [k]]", Told());
        _writer.Run("SET k 2");
        Assert.Equal("", Told());
    }

    [Theory]
    [InlineData("MGET a k b")]
    [InlineData("EXISTS k")]
    [InlineData("TYPE k")]
    [InlineData("LCS k a")]
    public void All_keys_of_a_reading_command_are_remembered(string command)
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run(command);
        _writer.Run("SET k 1");
        Assert.Equal(">[invalidate, [k]]", Told());
    }

    [Fact]
    public void Writing_does_not_count_as_reading()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("INCR k");
        _writer.Run("INCR k");
        Assert.Equal("", Told());
    }

    [Theory]
    [InlineData("DEL k", ">[invalidate, [k]]")]
    [InlineData("RENAME k other", ">[invalidate, [k]] | >[invalidate, [other]]")]
    [InlineData("RENAME other k", ">[invalidate, [other]] | >[invalidate, [k]]")]
    [InlineData("COPY other k REPLACE", ">[invalidate, [k]]")]
    [InlineData("MOVE k 1", ">[invalidate, [k]]")]
    [InlineData("EXPIRE k 10", ">[invalidate, [k]]")]
    [InlineData("FLUSHDB", ">[invalidate, (nil)]")]
    [InlineData("FLUSHALL ASYNC", ">[invalidate, (nil)]")]
    [InlineData("SWAPDB 0 1", "")]
    public void Every_change_tells(string command, string expected)
    {
        _writer.Run("MSET k 1 other 2");
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("MGET k other");
        _writer.Run(command);
        Assert.Equal(expected, Told());
    }

    [Fact]
    public void Databases_are_not_told_apart()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("GET k");
        _writer.Run("SELECT 5");
        _writer.Run("SET k 1");
        Assert.Equal(">[invalidate, [k]]", Told());
    }

    [Fact]
    public void Expiry_tells()
    {
        _writer.Run("SET k 1 PX 100");
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("GET k");
        _redis.Advance(200);
        Assert.Equal(">[invalidate, [k]]", Told());
    }

    [Fact]
    public void The_own_change_is_told_behind_the_reply()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("GET k");
        Assert.Equal("OK | >[invalidate, [k]]", _reader.Run("SET k 1"));
        _reader.Run("GET k");
        _reader.Run("MULTI");
        _reader.Run("INCR k");
        _reader.Run("GET k");
        Assert.Equal("[2, 2] | >[invalidate, [k]]", _reader.Run("EXEC"));
        Assert.Equal("OK | >[invalidate, (nil)]", _reader.Run("FLUSHDB"));
    }

    [Fact]
    public void NoLoop_keeps_the_own_change_quiet()
    {
        _reader.Run("CLIENT TRACKING ON NOLOOP");
        _reader.Run("GET k");
        Assert.Equal("OK", _reader.Run("SET k 1"));
        _reader.Run("GET k");
        _writer.Run("SET k 2");
        Assert.Equal(">[invalidate, [k]]", Told());
    }

    [Fact]
    public void OptIn_remembers_only_behind_caching_yes()
    {
        _reader.Run("CLIENT TRACKING ON OPTIN");
        _reader.Run("GET a");
        Assert.Equal("OK", _reader.Run("CLIENT CACHING YES"));
        Assert.Equal("{flags=~[on, optin, caching-yes], redirect=0, prefixes=[]}", _reader.Run("CLIENT TRACKINGINFO"));
        _reader.Run("GET b");
        _reader.Run("GET c");
        _reader.Run("CLIENT CACHING YES");
        _reader.Run("MULTI");
        _reader.Run("GET d");
        _reader.Run("GET e");
        _reader.Run("EXEC");
        _writer.Run("MSET a 1 b 1 c 1 d 1 e 1");
        Assert.Equal(">[invalidate, [b]] | >[invalidate, [d]] | >[invalidate, [e]]", Told());
    }

    [Fact]
    public void OptOut_remembers_unless_caching_no()
    {
        _reader.Run("CLIENT TRACKING ON OPTOUT");
        _reader.Run("GET a");
        _reader.Run("CLIENT CACHING NO");
        _reader.Run("GET b");
        _writer.Run("MSET a 1 b 1");
        Assert.Equal(">[invalidate, [a]]", Told());
    }

    [Fact]
    public void Broadcast_tells_of_keys_with_the_prefixes_at_the_end_of_the_iteration()
    {
        _reader.Run("CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:");
        _writer.Run("MULTI");
        _writer.Run("SET user:2 x");
        _writer.Run("SET user:1 x");
        _writer.Run("SET item:1 x");
        _writer.Run("SET other x");
        _writer.Run("EXEC");
        Assert.Equal(">[invalidate, [item:1]] | >[invalidate, [user:1, user:2]]", Told());
        _writer.Run("SET user:1 y");
        Assert.Equal(">[invalidate, [user:1]]", Told());
    }

    [Fact]
    public void Broadcast_with_NoLoop_leaves_out_what_the_client_changed_last()
    {
        _reader.Run("CLIENT TRACKING ON BCAST NOLOOP");
        Assert.Equal("OK", _reader.Run("SET a 1"));
        _writer.Run("SET b 1");
        Assert.Equal(">[invalidate, [b]]", Told());
    }

    [Theory]
    [InlineData("CLIENT TRACKING ON BCAST PREFIX ab PREFIX a", "Prefix 'ab' overlaps with another provided prefix 'a'.")]
    [InlineData("CLIENT TRACKING ON BCAST PREFIX foo:bar", "Prefix 'foo:bar' overlaps with an existing prefix 'foo:'.")]
    public void Prefixes_must_not_overlap(string command, string error)
    {
        _reader.Run("CLIENT TRACKING ON BCAST PREFIX foo:");
        Assert.Equal($"ERR {error} Prefixes for a single client must not overlap.", _reader.Run(command));
        Assert.Equal("{flags=~[on, bcast], redirect=0, prefixes=[foo:]}", _reader.Run("CLIENT TRACKINGINFO"));
    }

    [Fact]
    public void A_RESP2_subscriber_gets_messages_redirected_to_it()
    {
        var target = _redis.Connect();
        var id = target.Run("CLIENT ID");
        target.Run("SUBSCRIBE __redis__:invalidate");
        _writer.Run($"CLIENT TRACKING ON REDIRECT {id}");
        Assert.Equal(id, _writer.Run("CLIENT GETREDIR"));
        _writer.Run("GET k");
        _redis.Run("SET k 1");
        Assert.Equal("[message, __redis__:invalidate, [k]]", target.Take());
        Assert.Contains($"flags=t db=0", _writer.Run("CLIENT INFO"));
        Assert.Contains($"redir={id} ", _writer.Run("CLIENT INFO"));
    }

    [Fact]
    public void A_reader_in_RESP2_without_redirection_is_not_told()
    {
        _writer.Run("CLIENT TRACKING ON");
        _writer.Run("GET k");
        _redis.Run("SET k 1");
        Assert.Equal("", _writer.Take());
    }

    [Fact]
    public void A_broken_redirection_is_reported()
    {
        var target = _redis.Connect();
        var id = target.Run("CLIENT ID");
        _reader.Run($"CLIENT TRACKING ON REDIRECT {id}");
        _reader.Run("GET k");
        target.Close();
        _writer.Run("SET k 1");
        Assert.Equal($">[tracking-redir-broken, {id}]", Told());
        Assert.Equal($"{{flags=~[on, broken_redirect], redirect={id}, prefixes=[]}}", _reader.Run("CLIENT TRACKINGINFO"));
        Assert.Contains("flags=tR ", _reader.Run("CLIENT INFO"));
    }

    [Fact]
    public void Keys_over_the_limit_are_invalidated_by_the_next_command()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("MGET a b c d");
        _redis.Run("DEBUG PAUSE-CRON 1");
        _redis.Run("CONFIG SET tracking-table-max-keys 2");
        Assert.Equal("", Told());
        _writer.Run("PING");
        Assert.Equal(2, Told().Split(" | ").Length);
        Assert.Contains("tracking_total_keys:2\r\ntracking_total_items:2\r\n", _redis.Run("INFO stats"));
    }

    [Fact]
    public void Silenced_clients_are_told()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("GET k");
        _reader.Run("CLIENT REPLY OFF");
        _writer.Run("SET k 1");
        Assert.Equal(">[invalidate, [k]]", Told());
        Assert.Equal("", _reader.Run("GET k"));
        Assert.Equal(">[invalidate, [k]]", _reader.Run("SET k 2"));
    }

    [Fact]
    public void Messages_to_the_publisher_itself_come_behind_the_reply()
    {
        _reader.Run("SUBSCRIBE c");
        Assert.Equal("1 | >[message, c, m]", _reader.Run("PUBLISH c m"));
        _reader.Run("MULTI");
        _reader.Run("PUBLISH c m");
        _reader.Run("PING");
        Assert.Equal("[1, PONG] | >[message, c, m]", _reader.Run("EXEC"));
    }

    [Fact]
    public void A_served_blocked_client_is_told_behind_its_reply()
    {
        _reader.Run("CLIENT TRACKING ON");
        _reader.Run("LRANGE to 0 -1");
        _reader.Run("BLMOVE from to LEFT LEFT 0");
        _writer.Run("RPUSH from x");
        Assert.Equal("x | >[invalidate, [to]]", Told());
    }

    [Fact]
    public void Nothing_is_left_of_a_client_that_goes()
    {
        _reader.Run("CLIENT TRACKING ON BCAST PREFIX a");
        _writer.Run("CLIENT TRACKING ON");
        Assert.Contains("tracking_clients:2", _redis.Run("INFO clients"));
        _reader.Close();
        _writer.Run("RESET");
        Assert.Contains("tracking_clients:0", _redis.Run("INFO clients"));
        Assert.Contains("tracking_total_prefixes:0", _redis.Run("INFO stats"));
    }

    [Theory]
    [InlineData("CLIENT TRACKING maybe", "ERR syntax error")]
    [InlineData("CLIENT TRACKING ON REDIRECT 999", "ERR The client ID you want redirect to does not exist")]
    [InlineData("CLIENT TRACKING ON PREFIX a", "ERR PREFIX option requires BCAST mode to be enabled")]
    [InlineData("CLIENT TRACKING ON BCAST OPTIN", "ERR OPTIN and OPTOUT are not compatible with BCAST")]
    [InlineData("CLIENT TRACKING ON OPTIN OPTOUT", "ERR You can't specify both OPTIN mode and OPTOUT mode")]
    [InlineData("CLIENT CACHING YES", "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")]
    public void Contradictions_are_refused(string command, string error) => Assert.Equal(error, _reader.Run(command));

    [Fact]
    public void The_table_counts_as_used_memory_and_is_given_back()
    {
        long Used()
        {
            _redis.Advance(1000);
            return long.Parse(System.Text.RegularExpressions.Regex.Match(_redis.Run("INFO memory"), @"used_memory:(\d+)").Groups[1].Value);
        }

        _reader.Run("CLIENT TRACKING ON");
        var before = Used();
        for (var i = 0; i < 1000; i++) _reader.Run($"GET key:{i}");
        var with = Used();
        Assert.InRange(with - before, 50_000, 500_000);
        for (var i = 0; i < 500; i++) _writer.Run($"SET key:{i} v");
        for (var i = 0; i < 500; i++) _writer.Run($"DEL key:{i}");
        _reader.Take();
        Assert.InRange(Used() - before, (with - before) / 3, (with - before) * 2 / 3);
        _writer.Run("FLUSHALL");
        _reader.Take();
        Assert.Equal(before, Used());
    }

    [Theory]
    [InlineData("DEBUG LOADAOF")]
    [InlineData("DEBUG RELOAD")]
    public void A_flush_before_a_load_is_told_behind_the_reply_also_to_who_ordered_it(string command)
    {
        var redis = new TestEngine(config => config.Set("appendonly", "yes"));
        var other = redis.Connect();
        foreach (var client in (TestClient[])[redis.Main, other])
        {
            client.Run("HELLO 3");
            client.Run("CLIENT TRACKING ON");
        }

        redis.Run("SET k v");
        redis.Run("GET k");
        other.Run("GET k");
        Assert.Equal("OK | >[invalidate, (nil)]", redis.Run(command));
        redis.Iterate();
        Assert.Equal(">[invalidate, (nil)]", other.Take());
        Assert.Equal("", redis.Main.Take());
        Assert.Contains("rdb_changes_since_last_save:0", redis.Run("INFO persistence"), StringComparison.Ordinal);
    }
}
