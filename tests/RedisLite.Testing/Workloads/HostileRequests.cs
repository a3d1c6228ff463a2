using System.Globalization;
using RedisLite.Engine;

namespace RedisLite.Testing.Workloads;

/// <summary>
/// Requests drawn from the command table itself: the syntax that COMMAND DOCS shows is walked as a grammar, so a command is fuzzed from the day
/// its row exists. Words come from small pools in which every limit, broken number and foreign type is likely, and one request in eight
/// is spoilt afterwards (a word lost, doubled, swapped, replaced or torn). The same seed draws the same requests.
/// </summary>
internal sealed class HostileRequests
{
    /// <summary>Commands that end the server, the connection or its replies, or that only wait: tests of their own hold them.</summary>
    private static readonly HashSet<string> LeftOut =
    [
        "shutdown", "quit", "monitor", "debug", "client|reply", "client|kill", "client|pause", "config|set", "config|rewrite", "reset", "psync", "sync",
        "replicaof", "slaveof", "failover", "migrate", "acl|setuser", "acl|deluser", "acl|load", "acl|save", "module|load", "module|loadex", "auth",
        "script|kill", "function|kill", "pfselftest", "lolwut", "replconf", "restore-asking",
    ];

    private static readonly string[] Numbers =
    [
        "0", "1", "-1", "2", "3", "7", "10", "64", "100", "511", "-2", "-100", "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "18446744073709551616", "", " 1", "1 ", "+1", "01", "1.5", "1e3", "0x10", "abc", "nan", "-",
    ];

    private static readonly string[] Reals =
    [
        "0", "1", "-1", "0.5", "3.14159", "-180", "180", "85.05", "1e308", "-1e308", "1e-320", "1e400", "inf", "-inf", "+inf", "nan", "-nan", "(1", "(inf", "0x1p3", "", "1.", ".5", "-0", "abc", "1e", "13.361389",
    ];

    private static readonly string[] Texts =
    [
        "", "a", "b", "field", "m1", "m2", "value", "12", "-7", "3.5", "\0", "\r\n", "\xff\xfe\x80", "*", "?", "[a-", "\\", "u8", "i64", "i65", "u64", "#1", "NX", "XX", "GET", "COUNT", "[a", "(b", "-", "+", "$", ">",
        "1-1", "2-2", "0-0", "5", "18446744073709551615-18446744073709551615", "18446744073709551616", "1-", "id", "BYTE", "@all", "+@read", "~*", "allkeys", "%R~x", "(+get ~a)", "on", ">pass",
    ];

    private static readonly string[] Scripts =
    [
        "return 1", "return {1,2,{3}}", "return redis.call('get',KEYS[1])", "return redis.pcall('lpush',KEYS[1],ARGV[1])", "error('x')", "return redis.call('nosuch')", "return {err='E'}", "return nil",
        "return cjson.encode(redis.call('hgetall',KEYS[1]))", "redis.call('set',KEYS[1],ARGV[1]) return redis.call('incr',KEYS[1])", "syntax error", "#!lua flags=no-writes\nreturn redis.call('del',KEYS[1])",
        "#!lua name=lib\nredis.register_function('f', function(keys, args) return redis.call('get', keys[1]) end)", "return redis.call('blpop',KEYS[1],0)",
    ];

    private static readonly string[] Types = ["string", "hash", "list", "set", "zset", "stream", "geo", "hll", "bits"];

    private readonly List<(CommandSpec Spec, CommandArgument[] Syntax)> _commands = [];
    private readonly Random _random;
    private int _keysToCome;

    public HostileRequests(CommandTable table, int seed)
    {
        _random = new Random(seed);
        foreach (var spec in table.All)
        {
            if (spec.Handler is null || LeftOut.Contains(spec.FullName)) continue;
            _commands.Add((spec, CommandSyntax.Parse(spec.Syntax)));
        }
    }

    public int CommandCount => _commands.Count;

    public (CommandSpec Spec, byte[][] Words) Next()
    {
        var (spec, syntax) = _commands[_random.Next(_commands.Count)];
        var words = new List<string>();
        if (spec.Parent is not null) words.Add(spec.Parent.Name);
        words.Add(spec.Name);
        var named = words.Count;
        _keysToCome = 0;
        foreach (var argument in syntax) Draw(argument, spec, words, depth: 0);
        if (_random.Next(8) == 0) Spoil(words, named);
        return (spec, [.. words.Select(CommandText.Bytes)]);
    }

    private void Draw(CommandArgument argument, CommandSpec spec, List<string> words, int depth)
    {
        if (argument.Optional && _random.Next(10) < 6) return;
        var times = !argument.Multiple ? 1 : argument.Type == ArgumentType.Key && _keysToCome > 0 ? _keysToCome : 1 + _random.Next(3);
        for (var i = 0; i < times; i++)
        {
            if (argument.Token is { } token && (i == 0 || argument.MultipleToken)) words.Add(_random.Next(6) == 0 ? token.ToLowerInvariant() : token);
            switch (argument.Type)
            {
                case ArgumentType.PureToken: break;
                case ArgumentType.OneOf: Draw(argument.Arguments[_random.Next(argument.Arguments.Length)], spec, words, depth + 1); break;
                case ArgumentType.Block: foreach (var inner in argument.Arguments) Draw(inner, spec, words, depth + 1); break;
                default: words.Add(Word(argument, spec)); break;
            }
        }
    }

    private string Word(CommandArgument argument, CommandSpec spec)
    {
        if (argument.Name == "numkeys" && _random.Next(10) > 0) return (_keysToCome = 1 + _random.Next(3)).ToString(CultureInfo.InvariantCulture);
        return argument.Type switch
        {
            ArgumentType.Key => Key(spec),
            ArgumentType.Integer or ArgumentType.UnixTime => _random.Next(3) > 0 ? _random.Next(12).ToString(CultureInfo.InvariantCulture) : Pick(Numbers),
            ArgumentType.Double => _random.Next(3) > 0 ? (_random.Next(400) / 4.0 - 10).ToString(CultureInfo.InvariantCulture) : Pick(Reals),
            ArgumentType.Pattern => Pick(["*", "string:*", "?", "[^a]*", "[", "\\", "**********a", "nosuch"]),
            _ => argument.Name is "script" or "function-code" ? Pick(Scripts) : Text(),
        };
    }

    private string Text() => _random.Next(8) switch
    {
        0 => Pick(Numbers),
        1 => Pick(Reals),
        2 => new string((char)('a' + _random.Next(26)), _random.Next(200)),
        3 => "m" + _random.Next(40),
        _ => Pick(Texts),
    };

    /// <summary>Mostly a key of the family's own type, so that the command has something to do.</summary>
    private string Key(CommandSpec spec)
    {
        var type = _random.Next(6) == 0 ? Pick(Types) : spec.Group switch
        {
            "hash" => "hash", "list" => "list", "set" => "set", "sorted-set" => "zset", "stream" => "stream", "geo" => "geo", "hyperloglog" => "hll", "bitmap" => "bits", "string" => "string",
            _ => Pick(Types),
        };
        return type + ":" + _random.Next(4);
    }

    private void Spoil(List<string> words, int named)
    {
        var at = _random.Next(words.Count);
        switch (_random.Next(6))
        {
            case 0 when words.Count > named: words.RemoveAt(words.Count - 1); break;
            case 1: words.Insert(at + 1, words[at]); break;
            case 2 when at >= named: words[at] = Pick(Numbers); break;
            case 3 when at >= named: words[at] = Text(); break;
            case 4 when at >= named: (words[at], words[^1]) = (words[^1], words[at]); break;
            default: words[at] = words[at][..(words[at].Length / 2)]; break;
        }
    }

    private string Pick(string[] pool) => pool[_random.Next(pool.Length)];
}
