using RedisLite.Engine.Scripting;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ScriptingTests
{
    private const string Sha1OfReturn1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";

    private readonly TestEngine _redis = new();

    private string Eval(string script, params string[] keysAndArguments) => _redis.RunArgs(["EVAL", script, "0", .. keysAndArguments]);

    // ---- what a script returns --------------------------------------------------------------------------------------

    [Theory]
    [InlineData("return 3.99", "3")]
    [InlineData("return -3.99", "-3")]
    [InlineData("return 1/0", "-9223372036854775808")]
    [InlineData("return 'text'", "text")]
    [InlineData("return true", "1")]
    [InlineData("return false", "(nil)")]
    [InlineData("return nil", "(nil)")]
    [InlineData("return function() end", "(nil)")]
    [InlineData("return {1, 2, nil, 4}", "[1, 2]")]
    [InlineData("return {1, {2, {'x'}}}", "[1, [2, [x]]]")]
    [InlineData("return {ok='fine'}", "fine")]
    [InlineData("return {err='MINE broken'}", "MINE broken")]
    [InlineData("return {double=3.25}", "3.25")]
    [InlineData("return {map={a='b'}}", "[a, b]")]
    [InlineData("return {set={x=true}}", "[x]")]
    [InlineData("return {big_number='123'}", "123")]
    [InlineData("return {verbatim_string={string='abc', format='txt'}}", "abc")]
    [InlineData("return redis.status_reply('fine')", "fine")]
    [InlineData("return redis.error_reply('broken')", "ERR broken")]
    [InlineData("return redis.error_reply('MINE broken')", "MINE broken")]
    [InlineData("return redis.error_reply('-MINE broken')", "MINE broken")]
    [InlineData("return redis.sha1hex('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData("return redis.REDIS_VERSION_NUM", "459270")]
    public void A_lua_value_becomes_a_reply(string script, string reply) => Assert.Equal(reply, Eval(script));

    /// <summary>What a random comparison with redis-server 7.2.6 found; the replies are its own.</summary>
    [Theory]
    [InlineData("return {pcall(math.ldexp)}", "[(nil), bad argument #2 to '?' (number expected, got no value)]")]
    [InlineData("return {pcall(math.pow, {}, 'x')}", "[(nil), bad argument #2 to '?' (number expected, got string)]")]
    [InlineData("return {pcall(bit.bxor, 1, {}, 'y')}", "[(nil), bad argument #3 to '?' (number expected, got string)]")]
    [InlineData("return {pcall()}", "[(nil), attempt to call a boolean value]")]
    [InlineData("return {pcall(setfenv, 2^32, {})}", "[(nil), 'setfenv' cannot change environment of given object]")]
    [InlineData("return struct.unpack('', 'abc', -1)", "-1")]
    [InlineData("return {pcall(struct.unpack, 'b', 'abc', -5)}", "[(nil), bad argument #2 to '?' (data string too short)]")]
    [InlineData("return struct.unpack('l', struct.pack('l', 1e20))", "0")]
    [InlineData("return struct.unpack('l', struct.pack('l', 1/0))", "0")]
    [InlineData("return {pcall(cmsgpack.unpack_one, 'ab', 1e15)}", "[(nil), Start offset -1530494976 greater than input length 2.]")]
    [InlineData("return tostring(math.log(-1)) .. tostring(math.log10(-1))", "-nannan")]
    [InlineData("return {pcall(load, {}, false)}", "[(nil), bad argument #2 to '?' (string expected, got boolean)]")]
    [InlineData("return cjson.encode_number_precision(2^32 + 9)", "9")]
    public void Odd_arguments_have_the_outcome_of_compiled_C(string script, string reply) => Assert.Equal(reply, Eval(script));

    [Theory]
    [InlineData("redis.setresp(3) return redis.call('hgetall', 'h')", "%1\r\n$1\r\na\r\n$1\r\n1\r\n")]
    [InlineData("return redis.call('hgetall', 'h')", "*2\r\n$1\r\na\r\n$1\r\n1\r\n")]
    [InlineData("redis.setresp(3) return redis.call('smembers', 's')", "~1\r\n$1\r\nm\r\n")]
    [InlineData("redis.setresp(3) return redis.call('zscore', 'z', 'm')", ",1.5\r\n")]
    [InlineData("redis.setresp(3) return redis.call('get', 'none')", "_\r\n")]
    [InlineData("redis.setresp(3) return {true, false, nil}", "*2\r\n#t\r\n#f\r\n")]
    [InlineData("return {true, false}", "*2\r\n:1\r\n_\r\n")]
    [InlineData("return {verbatim_string={string='abc', format='markdown'}}", "=7\r\nmar:abc\r\n")]
    public void Resp3_types_pass_through_a_script(string script, string wire)
    {
        _redis.Run("HSET h a 1");
        _redis.Run("SADD s m");
        _redis.Run("ZADD z 1.5 m");
        _redis.Run("HELLO 3");
        Assert.Equal(wire, System.Text.Encoding.Latin1.GetString(_redis.RunRaw("EVAL"u8.ToArray(), System.Text.Encoding.Latin1.GetBytes(script), "0"u8.ToArray())));
    }

    [Fact]
    public void A_table_that_holds_itself_ends_in_an_error()
    {
        var raw = System.Text.Encoding.Latin1.GetString(_redis.RunRaw("EVAL"u8.ToArray(), "local t = {} t[1] = t return t"u8.ToArray(), "0"u8.ToArray()));
        Assert.EndsWith("-ERR reached lua stack limit\r\n", raw);
    }

    [Fact]
    public void Keys_and_arguments_are_lists() =>
        Assert.Equal("[a, b, c, 2, 1]", _redis.RunArgs("EVAL", "return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}", "2", "a", "b", "c"));

    [Theory]
    [InlineData("x", "ERR value is not an integer or out of range")]
    [InlineData("-1", "ERR Number of keys can't be negative")]
    [InlineData("2", "ERR Number of keys can't be greater than number of args")]
    public void The_number_of_keys_is_checked(string count, string error) => Assert.Equal(error, _redis.RunArgs("EVAL", "return 1", count, "a"));

    // ---- commands inside --------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("1e20", "1e+20")]
    [InlineData("12345678901234567", "12345678901234568")]
    [InlineData("-0.0", "0")]
    [InlineData("1/0", "inf")]
    public void Numbers_become_arguments_in_their_shortest_form(string number, string argument) =>
        Assert.Equal(argument, Eval($"return redis.call('echo', {number})"));

    [Theory]
    [InlineData("return redis.call('nosuch')", "ERR Unknown Redis command called from script script: {0}, on @user_script:1.")]
    [InlineData("return redis.pcall('nosuch')", "ERR Unknown Redis command called from script")]
    [InlineData("\nredis.call('get')", "ERR Wrong number of args calling Redis command from script script: {0}, on @user_script:2.")]
    [InlineData("redis.call()", "ERR Please specify at least one argument for this redis lib call script: {0}, on @user_script:1.")]
    [InlineData("redis.call('get', {})", "ERR Lua redis lib command arguments must be strings or integers script: {0}, on @user_script:1.")]
    [InlineData("redis.call('multi')", "ERR This Redis command is not allowed from script script: {0}, on @user_script:1.")]
    [InlineData("redis.call('incr', 's')", "ERR value is not an integer or out of range script: {0}, on @user_script:1.")]
    [InlineData("return redis.pcall('incr', 's')", "ERR value is not an integer or out of range")]
    [InlineData("local e = redis.pcall('incr', 's') return e.err", "ERR value is not an integer or out of range")]
    [InlineData("local ok, e = pcall(redis.call, 'incr', 's') return e", "ERR value is not an integer or out of range")]
    [InlineData("error('x')", "ERR user_script:1: x script: {0}, on @user_script:1.")]
    [InlineData("error({err='MINE x'})", "MINE x script: {0}, on @user_script:1.")]
    [InlineData("error()", "ERR nil script: {0}, on @user_script:1.")]
    [InlineData("return nosuch", "ERR user_script:1: Script attempted to access nonexistent global variable 'nosuch' script: {0}, on @user_script:1.")]
    [InlineData("redis.call = nil", "ERR user_script:1: Attempt to modify a readonly table script: {0}, on @user_script:1.")]
    [InlineData("x = 1", "ERR user_script:1: Attempt to modify a readonly table script: {0}, on @user_script:1.")]
    [InlineData("loadstring('x=1')()", "ERR [string \"x=1\"]:1: Attempt to modify a readonly table script: {0}, on x=1:1.")]
    [InlineData("return x x", "ERR Error compiling script (new function): user_script:1: '<eof>' expected near 'x'")]
    public void Errors_say_what_and_where(string script, string error)
    {
        _redis.Run("SET s text");
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, error, Sha(script)), Eval(script));
    }

    [Fact]
    public void An_error_is_counted_once_where_it_happened()
    {
        _redis.Run("SET s text");
        _redis.Run("CONFIG RESETSTAT");
        Eval("return redis.call('incr', 's')");
        Assert.Contains("errorstat_ERR:count=1", _redis.Run("INFO errorstats"));
        Assert.Matches("cmdstat_incr:calls=1,.*failed_calls=1", _redis.Run("INFO commandstats"));
        Assert.Matches("cmdstat_eval:calls=1,.*failed_calls=1", _redis.Run("INFO commandstats"));
        Eval("redis.pcall('get')");
        Assert.Matches("cmdstat_get:calls=0,.*rejected_calls=1", _redis.Run("INFO commandstats"));
    }

    [Fact]
    public void Select_inside_holds_for_the_script_only()
    {
        Assert.Equal("v", Eval("redis.call('select', 3) redis.call('set', 'k', 'v') return redis.call('get', 'k')"));
        Assert.Equal("(nil)", _redis.Run("GET k"));
        _redis.Run("SELECT 3");
        Assert.Equal("v", _redis.Run("GET k"));
    }

    [Fact]
    public void A_blocking_command_answers_at_once() => Assert.Equal("(nil)", Eval("return redis.call('blpop', 'none', 0)"));

    [Fact]
    public void A_stream_is_not_waited_for() => Assert.Equal("ERR xReAd command is not allowed with BLOCK option from scripts",
        Eval("return redis.pcall('xReAd', 'block', 0, 'streams', 's', '0')"));

    [Fact]
    public void Time_stands_still()
    {
        _redis.Clock.PerReading = TimeSpan.FromMilliseconds(5);
        _redis.Run("SET k v PX 50");
        Assert.Equal("1", Eval("local a = redis.call('time') for i = 1, 100 do redis.call('ping') end local b = redis.call('time') "
            + "return a[1] == b[1] and a[2] == b[2] and redis.call('exists', 'k') or 0"));
        _redis.Clock.PerReading = TimeSpan.Zero;
        Assert.Equal("0", _redis.Run("EXISTS k"));
    }

    // ---- effects ----------------------------------------------------------------------------------------------------

    [Fact]
    public void Effects_leave_as_one_unit_and_never_as_the_script()
    {
        var sink = _redis.Record();
        Eval("redis.call('set', 'a', 1) redis.call('incr', 'a') redis.call('get', 'a') redis.call('set', 'e', 1, 'ex', 10)");
        Assert.Equal(["set a 1; incr a; SET e 1 PXAT 1893456010000"], sink.Units);
        Eval("return redis.call('get', 'a')");
        Assert.Single(sink.Units);
    }

    [Fact]
    public void What_an_error_interrupts_has_happened_and_is_propagated()
    {
        var sink = _redis.Record();
        Eval("redis.call('set', 'a', 1) error('x')");
        Assert.Equal(["set a 1"], sink.Units);
    }

    [Theory]
    [InlineData("redis.REPL_NONE", "set b 2", "set b 2")]
    [InlineData("redis.REPL_AOF", "set a 1; set b 2", "set a 1; set b 2")]
    [InlineData("redis.REPL_REPLICA", "set a 1; set b 2", "set b 2")]
    public void Set_repl_chooses_who_receives_an_effect(string targets, string all, string log)
    {
        var redis = new TestEngine(config => config.Set("appendonly", "yes"));
        var sink = redis.Record();
        redis.RunArgs("EVAL", $"redis.set_repl({targets}) redis.call('set', 'a', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'b', 2)", "0");
        Assert.Equal(all, sink.Last);
        redis.Run("DEBUG LOADAOF");
        Assert.Equal(log.Contains("set a", StringComparison.Ordinal) ? "1" : "0", redis.Run("EXISTS a"));
        Assert.Equal("1", redis.Run("EXISTS b"));
    }

    // ---- the cache --------------------------------------------------------------------------------------------------

    [Fact]
    public void Script_load_makes_a_script_known()
    {
        Assert.Equal("NOSCRIPT No matching script. Please use EVAL.", _redis.Run($"EVALSHA {Sha1OfReturn1} 0"));
        Assert.Equal(Sha1OfReturn1, _redis.RunArgs("SCRIPT", "LOAD", "return 1"));
        Assert.Equal("1", _redis.Run($"EVALSHA {Sha1OfReturn1.ToUpperInvariant()} 0"));
        Assert.Equal("1", _redis.Run($"EVALSHA_RO {Sha1OfReturn1} 0"));
        Assert.Equal("[1, 0]", _redis.Run($"SCRIPT EXISTS {Sha1OfReturn1} abc"));
        Assert.Contains("number_of_cached_scripts:1", _redis.Run("INFO memory"));
        Assert.Equal("ERR SCRIPT FLUSH only support SYNC|ASYNC option", _redis.Run("SCRIPT FLUSH NOW"));
        Assert.Equal("OK", _redis.Run("SCRIPT FLUSH SYNC"));
        Assert.Equal("[0]", _redis.Run($"SCRIPT EXISTS {Sha1OfReturn1}"));
        Assert.Contains("SCRIPT", _redis.Run("SCRIPT HELP"));
    }

    [Fact]
    public void Scripts_of_eval_alone_are_forgotten_when_they_are_many()
    {
        _redis.RunArgs("SCRIPT", "LOAD", "return 'kept'");
        Eval("return 'first'");
        for (var i = 0; i < EvalScripts.UnloadedMax - 1; i++) Eval($"return {i}");
        Eval("return 'first'");                     // in use: not the oldest any more
        Eval("return 'one more'");
        Assert.Equal("[1, 1, 0]", _redis.RunArgs("SCRIPT", "EXISTS", Sha("return 'kept'"), Sha("return 'first'"), Sha("return 0")));
        Assert.Contains("evicted_scripts:1\r\n", _redis.Run("INFO stats"));
    }

    [Theory]
    [InlineData("SCRIPT DEBUG NO", "OK")]
    [InlineData("SCRIPT DEBUG YES", "ERR The script debugger is not supported")]
    [InlineData("SCRIPT DEBUG x", "ERR Use SCRIPT DEBUG YES/SYNC/NO")]
    [InlineData("SCRIPT KILL", "NOTBUSY No scripts in execution right now.")]
    public void Script_subcommands_answer(string request, string reply) => Assert.Equal(reply, _redis.Run(request));

    // ---- flags ------------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("#!lua\nreturn 1", "1")]
    [InlineData("#!lua flags=no-writes,allow-oom\nreturn 1", "1")]
    [InlineData("#!lua name=x\nreturn 1", "ERR Unknown lua shebang option: name=x")]
    [InlineData("#!lua flags=bad\nreturn 1", "ERR Unexpected flag in script shebang: bad")]
    [InlineData("#!js\nreturn 1", "ERR Unexpected engine in script shebang: #!js")]
    [InlineData("#!lua", "ERR Invalid script shebang")]
    [InlineData("#!lua flags=no-writes\nreturn redis.pcall('set', 'a', 1)", "ERR Write commands are not allowed from read-only scripts.")]
    public void The_first_line_may_hold_flags(string script, string reply) => Assert.Equal(reply, Eval(script));

    [Fact]
    public void Eval_ro_refuses_what_writes()
    {
        Assert.Equal("ERR Write commands are not allowed from read-only scripts.", _redis.RunArgs("EVAL_RO", "return redis.pcall('set', 'a', 1)", "0"));
        Assert.Equal("ERR Can not execute a script with write flag using *_ro command.", _redis.RunArgs("EVAL_RO", "#!lua\nreturn 1", "0"));
        Assert.Equal("1", _redis.RunArgs("EVAL_RO", "#!lua flags=no-writes\nreturn 1", "0"));
    }

    [Fact]
    public void Without_memory_a_script_may_only_do_what_needs_none()
    {
        _redis.Run("SET k v");
        _redis.Run("CONFIG SET maxmemory 1");
        Assert.StartsWith("OOM command not allowed when used memory > 'maxmemory'. script: ", Eval("return redis.call('set', 'x', 1)"));
        Assert.Equal("v", Eval("return redis.call('get', 'k')"));
        Assert.Equal("OK", Eval("redis.call('del', 'k') return redis.call('set', 'x', 1)"));      // what has begun is finished
        Assert.Equal("OOM command not allowed when used memory > 'maxmemory'.", Eval("#!lua\nreturn 1"));
        Assert.Equal("OK", Eval("#!lua flags=allow-oom\nreturn redis.call('set', 'x', 1)"));
        Assert.Equal("1", Eval("#!lua flags=no-writes\nreturn 1"));
    }

    // ---- scripts that take too long ---------------------------------------------------------------------------------

    [Fact]
    public void A_busy_script_can_be_killed_while_others_are_told_to_wait()
    {
        var replies = Busy("while true do end", "GET k", "PING", "SHUTDOWN", "FUNCTION KILL", "FUNCTION STATS", "SCRIPT KILL");
        Assert.Equal(Enumerable.Repeat("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", 5), replies.Take(5));
        Assert.Equal("OK", replies[5]);
        Assert.StartsWith("ERR Script killed by user with SCRIPT KILL... script: ", replies[6]);
        Assert.Equal("PONG", _redis.Run("PING"));
    }

    [Fact]
    public void A_busy_script_that_has_written_cannot_be_killed()
    {
        var replies = Busy("redis.call('set', 'a', 1) for i = 1, 100000 do end return 'done'", "SCRIPT KILL", "MULTI");
        Assert.StartsWith("UNKILLABLE Sorry the script already executed write commands", replies[0]);
        Assert.Equal("OK", replies[1]);
        Assert.Equal("done", replies[2]);
    }

    [Fact]
    public void Shutdown_nosave_ends_a_busy_script_and_drops_what_it_did()
    {
        var sink = _redis.Record();
        var replies = Busy("redis.call('set', 'a', 1) while true do end", "SHUTDOWN NOSAVE");
        Assert.Equal(0, _redis.Process.ExitCode);
        Assert.Empty(sink.Units);
        Assert.StartsWith("ERR", replies[^1]);
    }

    [Fact]
    public void Pcall_does_not_stop_the_end_of_a_script()
    {
        var replies = Busy("while true do pcall(function() while true do end end) end", "SCRIPT KILL");
        Assert.StartsWith("ERR Script killed by user with SCRIPT KILL... script: ", replies[^1]);
    }

    /// <summary>Runs the script; once it is busy another client sends the requests. Their replies, and in the end the script's.</summary>
    private List<string> Busy(string script, params string[] requests)
    {
        var replies = new List<string>();
        var other = _redis.Connect();
        var next = 0;
        _redis.Run("CONFIG SET busy-reply-threshold 50");
        _redis.Clock.PerReading = TimeSpan.FromMilliseconds(20);
        _redis.Engine.OnBusy = () =>
        {
            if (next < requests.Length) replies.Add(other.Run(requests[next++]));
        };
        replies.Add(Eval(script));
        _redis.Clock.PerReading = TimeSpan.Zero;
        return replies;
    }

    private static string Sha(string script) => System.Text.Encoding.ASCII.GetString(EvalScripts.ShaOf(System.Text.Encoding.UTF8.GetBytes(script)));

    [Theory]
    [InlineData("publish", "'ch', 'msg'")]
    [InlineData("spublish", "'ch', 'msg'")]
    [InlineData("pfcount", "'k'")]
    [InlineData("set", "'k', 'v'")]
    public void A_read_only_script_may_not_send_anything_to_replicas(string command, string arguments)
    {
        Assert.StartsWith("ERR Write commands are not allowed from read-only scripts.", _redis.RunArgs("EVAL_RO", $"return redis.call('{command}', {arguments})", "0"));
        Assert.StartsWith("ERR Write commands are not allowed from read-only scripts.", _redis.RunArgs("EVAL", $"#!lua flags=no-writes\nreturn redis.call('{command}', {arguments})", "0"));
    }

    [Fact]
    public void A_pause_of_writes_does_not_hold_a_transaction_of_scripts_that_only_read()
    {
        _redis.Run("CLIENT PAUSE 100000 WRITE");
        _redis.Run("MULTI");
        Assert.Equal("QUEUED", _redis.RunArgs("EVAL", "#!lua flags=no-writes\nreturn 12", "0"));
        Assert.Equal("[12]", _redis.Run("EXEC"));
        var writer = _redis.Connect();
        writer.Run("MULTI");
        Assert.Equal("", writer.RunArgs("EVAL", "return 12", "0"));
        _redis.Run("CLIENT UNPAUSE");
        _redis.Iterate();
        Assert.Equal("QUEUED", writer.Take());
    }
}
