using System.Globalization;
using System.Text;

namespace RedisLite.Testing.Workloads;

/// <summary>
/// Random scripts over a few keys of every type: commands that succeed and fail, called and pcalled, in loops and branches, their results returned as they are, encoded,
/// counted or compared. What a script returns hangs on nothing but the data: no chance, no time, no order of a hash table.
/// </summary>
public sealed class ScriptGenerator(int seed)
{
    private static readonly string[] Commands =
    [
        "'set', KEYS[1], {v}", "'set', KEYS[1], {n}", "'get', KEYS[1]", "'append', KEYS[1], {v}", "'strlen', KEYS[1]", "'incr', KEYS[1]", "'incrby', KEYS[1], {n}",
        "'incrbyfloat', KEYS[1], {f}", "'getrange', KEYS[1], 0, {n}", "'setrange', KEYS[1], 3, {v}", "'getset', KEYS[1], {v}", "'setnx', KEYS[1], {v}", "'mget', KEYS[1], KEYS[2], 'none'",
        "'rpush', KEYS[2], {v}, {n}", "'lpush', KEYS[2], {n}", "'lrange', KEYS[2], 0, -1", "'lpop', KEYS[2]", "'llen', KEYS[2]", "'lindex', KEYS[2], {n}", "'linsert', KEYS[2], 'before', {n}, {v}",
        "'lrem', KEYS[2], 0, {n}", "'rpoplpush', KEYS[2], KEYS[2]",
        "'hset', KEYS[3], {v}, {n}", "'hget', KEYS[3], {v}", "'hincrby', KEYS[3], 'c', {n}", "'hlen', KEYS[3]", "'hexists', KEYS[3], 'c'", "'hmget', KEYS[3], 'c', 'd'", "'hdel', KEYS[3], {v}",
        "'sadd', KEYS[4], {n}", "'scard', KEYS[4]", "'sismember', KEYS[4], {n}", "'srem', KEYS[4], {n}", "'smismember', KEYS[4], {n}, {n}",
        "'zadd', KEYS[5], {n}, {v}", "'zincrby', KEYS[5], {n}, {v}", "'zrange', KEYS[5], 0, -1", "'zrangebyscore', KEYS[5], '-inf', '+inf', 'withscores'", "'zscore', KEYS[5], {v}", "'zrank', KEYS[5], {v}",
        "'zcard', KEYS[5]", "'zpopmin', KEYS[5]", "'type', KEYS[{k}]", "'exists', KEYS[1], KEYS[2], KEYS[3]", "'del', KEYS[{k}]", "'persist', KEYS[{k}]", "'expire', KEYS[{k}], 1000", "'ttl', 'none'",
        "'rename', KEYS[1], KEYS[1]", "'copy', KEYS[{k}], 'copy', 'replace'", "'ping'", "'echo', {v}", "'select', 0", "'dbsize'", "'nosuch', {v}", "'get'", "'set', KEYS[1]",
        "'multi'", "'publish', 'ch', {v}", "'get', KEYS[{k}]", "'incr', KEYS[{k}]", "'rpush', KEYS[{k}], {n}", "'hset', KEYS[{k}], 'f', {v}", "'zadd', KEYS[{k}], {n}, {v}",
    ];

    private static readonly string[] Values = ["'a'", "'b'", "'longer text'", "ARGV[1]", "ARGV[2]", "'x' .. ARGV[1]", "tostring(1.5)", "''", "string.rep('r', 70)", "cjson.encode({1, 'two'})"];

    private static readonly string[] Endings =
    [
        "return r", "return r", "return r", "return #r", "return cjson.encode(flat(r))", "return r[1]", "return r[#r]", "return {r, #r, {ok = 'fine'}}", "return redis.sha1hex(cjson.encode(flat(r)))", "return cmsgpack.pack(flat(r))",
        "return {map = {one = r[1] or false}}", "return {set = {x = true}}", "return {double = #r + 0.5}", "return {err = 'MINE ' .. #r}", "return redis.status_reply(tostring(#r))",
        "return redis.error_reply('FAILED ' .. #r)", "return nil", "return #r > 2", "return {verbatim_string = {string = tostring(#r), format = 'txt'}}", "return {big_number = tostring(#r)}", "error('end ' .. #r)",
        "error({err = 'MINE ended'})", "return unpack(r)", "return redis.call('get', KEYS[2])", "return redis.pcall('get', KEYS[2])", "return r.nothing.more", "return nosuch", "return table.concat({#r, 'x'}, ',')",
    ];

    /// <summary>Tables with several fields are encoded in an order of their own: only lists of plain values are.</summary>
    private const string Flat = "local function flat(r) local s = {} for i, v in ipairs(r) do s[i] = type(v) == 'table' and (v.err or v.ok or #v) or v end return s end\n";

    private readonly Random _random = new(seed);

    /// <summary>EVAL, script, numkeys, five keys, two arguments.</summary>
    public string[] Next() =>
        ["EVAL", Script(), "5", "s", "l", "h", "t", "z", Pick(["7", "-3", "word", "0"]), Pick(["12", "1.25", "other", ""])];

    private string Script()
    {
        var script = new StringBuilder();
        if (_random.Next(12) == 0) script.Append(Pick(["#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom\n", "#!lua flags=nosuch\n"]));
        if (_random.Next(5) == 0) script.Append("redis.setresp(3)\n");
        script.Append(Flat).Append("local r = {}\n");
        for (var i = _random.Next(1, 6); i > 0; i--) script.Append(Statement()).Append('\n');
        return script.Append(Pick(Endings)).ToString();
    }

    private string Statement() => _random.Next(9) switch
    {
        0 => $"for i = 1, {_random.Next(1, 6)} do {Statement()} end",
        1 => $"if redis.call('exists', KEYS[{_random.Next(1, 6)}]) == 1 then {Statement()} else {Statement()} end",
        2 => $"local ok, e = pcall(redis.call, {Command()}) r[#r + 1] = tostring(ok) if not ok then r[#r + 1] = e end",
        3 => $"local v = redis.pcall({Command()}) r[#r + 1] = type(v) == 'table' and (v.err or v.ok or #v) or tostring(v)",
        4 => $"r[#r + 1] = redis.call({Command()}) or 'nothing'",
        _ => $"r[#r + 1] = redis.pcall({Command()})",
    };

    private string Command()
    {
        var command = new StringBuilder(Pick(Commands));
        command.Replace("{k}", _random.Next(1, 6).ToString(CultureInfo.InvariantCulture));
        command.Replace("{v}", Pick(Values));
        command.Replace("{n}", _random.Next(-3, 20).ToString(CultureInfo.InvariantCulture));
        command.Replace("{f}", Pick(["0.5", "1.25", "'3'", "'x'"]));
        return command.ToString();
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
