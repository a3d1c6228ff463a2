using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class StringCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("SET k v", "OK", "GET k", "v")]
    [InlineData("SET k v NX", "OK", "SET k w NX", "(nil)")]
    [InlineData("SET k v XX", "(nil)", "GET k", "(nil)")]
    [InlineData("SET k v GET", "(nil)", "SET k w GET", "v")]
    [InlineData("SET k 10", "OK", "INCRBY k 5", "15")]
    [InlineData("SET k 10", "OK", "DECR k", "9")]
    [InlineData("SET k x", "OK", "INCR k", "ERR value is not an integer or out of range")]
    [InlineData("SET k 9223372036854775807", "OK", "INCR k", "ERR increment or decrement would overflow")]
    [InlineData("SET k 10.5", "OK", "INCRBYFLOAT k 0.1", "10.6")]
    [InlineData("SET k 3.0e3", "OK", "INCRBYFLOAT k 200", "3200")]
    [InlineData("APPEND k abc", "3", "APPEND k def", "6")]
    [InlineData("SET k 12", "OK", "APPEND k 3", "3")]
    [InlineData("SETRANGE k 3 xy", "5", "GET k", "\0\0\0xy")]
    [InlineData("SET k 'Hello", "OK", "GETRANGE k 1 -2", "Hell")]
    [InlineData("SET k 1234", "OK", "GETRANGE k 1 2", "23")]
    [InlineData("MSET a 1 b 2", "OK", "MGET a b c", "[1, 2, (nil)]")]
    [InlineData("MSETNX a 1 b 2", "1", "MSETNX b 3 c 4", "0")]
    [InlineData("SET k v", "OK", "GETDEL k", "v")]
    [InlineData("SET k v", "OK", "GETSET k w", "v")]
    [InlineData("SET k v", "OK", "STRLEN k", "1")]
    [InlineData("SETNX k v", "1", "SETNX k w", "0")]
    [InlineData("SET k v EX 10 PX 5", "ERR syntax error", "GET k", "(nil)")]
    [InlineData("SET k v EX 0", "ERR invalid expire time in 'set' command", "GET k", "(nil)")]
    [InlineData("SET k v EX x", "ERR value is not an integer or out of range", "GET k", "(nil)")]
    [InlineData("SET k v NX XX", "ERR syntax error", "GET k", "(nil)")]
    [InlineData("SET k", "ERR wrong number of arguments for 'set' command", "GET k", "(nil)")]
    [InlineData("MSET a 1 b", "ERR wrong number of arguments for 'mset' command", "GET a", "(nil)")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void Longest_common_subsequence()
    {
        _redis.Run("MSET a ohmytext b mynewtext");
        Assert.Equal("mytext", _redis.Run("LCS a b"));
        Assert.Equal("6", _redis.Run("LCS a b LEN"));
        Assert.Equal("[matches, [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], len, 6]", _redis.Run("LCS a b IDX"));
        Assert.Equal("[matches, [[[4, 7], [5, 8], 4]], len, 6]", _redis.Run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"));
    }

    /// <summary>Beside a table of lengths, written down: lengths around the 64 columns of a word, few letters, so that there are many ties.</summary>
    [Fact]
    public void Longest_common_subsequence_is_that_of_the_table()
    {
        var random = new Random(7);
        string Text() => string.Concat(Enumerable.Range(0, random.Next(4) == 0 ? random.Next(1, 4) * 64 + random.Next(-1, 2) : random.Next(1, 200))
            .Select(_ => (char)('a' + random.Next(3))));

        for (var round = 0; round < 300; round++)
        {
            string a = Text(), b = Text();
            var (common, ranges) = CommonOf(a, b);
            _redis.Run($"MSET a {a} b {b}");
            Assert.Equal(common.Length == 0 ? "" : common, _redis.Run("LCS a b"));
            Assert.Equal($"{common.Length}", _redis.Run("LCS a b LEN"));
            Assert.Equal($"[matches, [{string.Join(", ", ranges)}], len, {common.Length}]", _redis.Run("LCS a b IDX WITHMATCHLEN"));
        }
    }

    /// <summary>The subsequence, and its stretches as LCS IDX WITHMATCHLEN names them: from the end, and of two ways back that of the second string.</summary>
    private static (string Common, List<string> Ranges) CommonOf(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
                table[i, j] = a[i - 1] == b[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);

        var (common, ranges) = ("", new List<string>());
        for (int i = a.Length, j = b.Length; i > 0 && j > 0;)
        {
            var length = 0;
            for (; i > 0 && j > 0 && a[i - 1] == b[j - 1]; i--, j--, length++) common = a[i - 1] + common;
            if (length > 0) ranges.Add($"[[{i}, {i + length - 1}], [{j}, {j + length - 1}], {length}]");
            else if (table[i - 1, j] > table[i, j - 1]) i--;
            else j--;
        }

        return (common, ranges);
    }

    [Fact]
    public void Expiry_comes_with_time()
    {
        _redis.Run("SET k v PX 100");
        _redis.Advance(99);
        Assert.Equal("v", _redis.Run("GET k"));
        _redis.Advance(1);
        Assert.Equal("(nil)", _redis.Run("GET k"));
    }

    [Fact]
    public void Effects_are_outcomes()
    {
        var sink = _redis.Record();
        var now = _redis.Clock.NowMs;
        _redis.Run("SET k v EX 10");
        Assert.Equal($"SET k v PXAT {now + 10_000}", sink.Last);
        _redis.Run("INCRBYFLOAT n 1.5");
        Assert.Equal("SET n 1.5 KEEPTTL", sink.Last);
        _redis.Run("GETDEL n");
        Assert.Equal("DEL n", sink.Last);
        _redis.Run("GETEX k PERSIST");
        Assert.Equal("PERSIST k", sink.Last);
        _redis.Run("SET k w GET");
        Assert.Equal("SET k w", sink.Last);
        var count = sink.Units.Count;
        _redis.Run("GET k");
        _redis.Run("SET k v NX");
        Assert.Equal(count, sink.Units.Count);
    }

    [Theory]
    [InlineData("SET k v IFEQ old", "OK", "GET k", "v")]
    [InlineData("SET k v IFEQ other", "(nil)", "GET k", "old")]
    [InlineData("SET k v ifeq old get", "old", "GET k", "v")]
    [InlineData("SET k v IFEQ other GET", "old", "GET k", "old")]
    [InlineData("SET new v IFEQ x", "(nil)", "EXISTS new", "0")]
    [InlineData("SET new v IFEQ x GET", "(nil)", "EXISTS new", "0")]
    [InlineData("SET n 43 IFEQ 42", "OK", "GET n", "43")]
    [InlineData("SET n 43 IFEQ 042", "(nil)", "GET n", "42")]
    [InlineData("SET k v IFEQ old EX 10", "OK", "TTL k", "10")]
    [InlineData("SET k v IFEQ old NX", "ERR syntax error", "GET k", "old")]
    [InlineData("SET k v XX IFEQ old", "ERR syntax error", "GET k", "old")]
    [InlineData("SET k v IFEQ", "ERR syntax error", "GET k", "old")]
    [InlineData("SET list v IFEQ a", "WRONGTYPE Operation against a key holding the wrong kind of value", "TYPE list", "list")]
    [InlineData("SET list v IFEQ a GET", "WRONGTYPE Operation against a key holding the wrong kind of value", "TYPE list", "list")]
    [InlineData("DELIFEQ k old", "1", "EXISTS k", "0")]
    [InlineData("DELIFEQ k other", "0", "EXISTS k", "1")]
    [InlineData("DELIFEQ n 42", "1", "EXISTS n", "0")]
    [InlineData("DELIFEQ new x", "0", "EXISTS new", "0")]
    [InlineData("DELIFEQ list a", "WRONGTYPE Operation against a key holding the wrong kind of value", "EXISTS list", "1")]
    [InlineData("MSETEX 2 a 1 b 2", "1", "MGET a b", "[1, 2]")]
    [InlineData("MSETEX 2 a 1 b 2 EX 10", "1", "TTL b", "10")]
    [InlineData("MSETEX 2 a 1 b 2 px 10000 xx", "0", "EXISTS a b", "0")]
    [InlineData("MSETEX 2 k 1 b 2 NX", "0", "GET k", "old")]
    [InlineData("MSETEX 2 k 1 list 2 XX PXAT 4000000000000", "1", "PEXPIRETIME list", "4000000000000")]
    [InlineData("MSETEX 1 t new KEEPTTL", "1", "TTL t", "100")]
    [InlineData("MSETEX 1 t new", "1", "TTL t", "-1")]
    [InlineData("MSETEX 1 k", "ERR wrong number of arguments for 'msetex' command", "GET k", "old")]
    [InlineData("MSETEX k 1 EX 10", "ERR invalid numkeys value", "GET k", "old")]
    [InlineData("MSETEX 0 k 1", "ERR invalid numkeys value", "GET k", "old")]
    [InlineData("MSETEX 2147483648 k 1 EX 10", "ERR invalid numkeys value", "GET k", "old")]
    [InlineData("MSETEX 2147483647 k 1 EX 10", "ERR wrong number of key-value pairs", "GET k", "old")]
    [InlineData("MSETEX 2 k 1", "ERR wrong number of key-value pairs", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 invalid_flag", "ERR syntax error", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 NX XX", "ERR syntax error", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 EX 10 PX 5000", "ERR syntax error", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 KEEPTTL EX 10", "ERR syntax error", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 GET", "ERR syntax error", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 EX 0", "ERR invalid expire time in 'msetex' command", "GET k", "old")]
    [InlineData("MSETEX 1 k 1 EX x", "ERR value is not an integer or out of range", "GET k", "old")]
    [InlineData("COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 10", "[a, b]", "EXISTS a", "0")]
    public void Newer_commands_then_check(string command, string reply, string check, string expected)
    {
        _redis.Run("SET k old");
        _redis.Run("SET n 42");
        _redis.Run("SET t old EX 100");
        _redis.Run("RPUSH list a");
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void Effects_of_newer_commands_are_those_of_older_ones()
    {
        _redis.Run("SET k old");
        _redis.Run("SET t old EX 100");
        var sink = _redis.Record();
        var in10 = _redis.Clock.NowMs + 10_000;
        _redis.Run("SET k v IFEQ old");
        Assert.Equal("SET k v", sink.Last);
        _redis.Run("SET k w IFEQ v GET KEEPTTL");
        Assert.Equal("SET k w KEEPTTL", sink.Last);
        _redis.Run("SET k x IFEQ w EX 10");
        Assert.Equal($"SET k x PXAT {in10}", sink.Last);
        _redis.Run("MSETEX 2 a 1 b 2");
        Assert.Equal("SET a 1; SET b 2", sink.Last);
        _redis.Run("MSETEX 2 a 1 b 2 EX 10 XX");
        Assert.Equal($"SET a 1 PXAT {in10}; SET b 2 PXAT {in10}", sink.Last);
        _redis.Run("MSETEX 1 t 2 KEEPTTL");
        Assert.Equal("SET t 2 KEEPTTL", sink.Last);
        _redis.Run("DELIFEQ t 2");
        Assert.Equal("DEL t", sink.Last);
        var count = sink.Units.Count;
        _redis.Run("SET k v IFEQ no");
        _redis.Run("DELIFEQ k no");
        _redis.Run("MSETEX 1 k v NX");
        Assert.Equal(count, sink.Units.Count);
    }
}
