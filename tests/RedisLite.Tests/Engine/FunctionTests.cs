using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class FunctionTests
{
    private const string Library = "#!lua name=lib\nredis.register_function('get', function(keys, args) return redis.call('get', keys[1]) end)\n"
        + "redis.register_function{function_name='set', callback=function(keys, args) return redis.call('set', keys[1], args[1]) end, description='sets'}\n"
        + "redis.register_function{function_name='peek', callback=function(keys) return redis.call('get', keys[1]) end, flags={'no-writes'}}";

    private readonly TestEngine _redis = new();

    private string Load(string code, string name = "b") => _redis.RunArgs("FUNCTION", "LOAD", $"#!lua name={name}\n{code}");

    [Fact]
    public void Functions_are_called_by_name_in_any_case()
    {
        Assert.Equal("lib", _redis.RunArgs("FUNCTION", "LOAD", Library));
        Assert.Equal("OK", _redis.Run("FCALL set 1 k v"));
        Assert.Equal("v", _redis.Run("FCALL GET 1 k"));
        Assert.Equal("v", _redis.Run("FCALL_RO peek 1 k"));
        Assert.Equal("ERR Can not execute a script with write flag using *_ro command.", _redis.Run("FCALL_RO get 1 k"));
        Assert.Equal("ERR Function not found", _redis.Run("FCALL none 1 k"));
        Assert.Equal("ERR Bad number of keys provided", _redis.Run("FCALL get x k"));
        Assert.Equal("ERR Number of keys can't be greater than number of args", _redis.Run("FCALL get 2 k"));
    }

    [Theory]
    [InlineData("return 1", "ERR Missing library metadata")]
    [InlineData("#!lua\nreturn 1", "ERR Library name was not given")]
    [InlineData("#!lua name=a name=b\nreturn 1", "ERR Invalid metadata value, name argument was given multiple times")]
    [InlineData("#!lua name=a foo=b\nreturn 1", "ERR Invalid metadata value given: foo=b")]
    [InlineData("#!lua name=a-b\nreturn 1", "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")]
    [InlineData("#!js name=a\nreturn 1", "ERR Engine 'js' not found")]
    [InlineData("#!lua name=a", "ERR Invalid library metadata")]
    [InlineData("#!lua name=a\nx x", "ERR Error compiling function: user_function:2: '=' expected near 'x'")]
    [InlineData("#!lua name=a\nreturn 1", "ERR No functions registered")]
    [InlineData("#!lua name=a\nredis.register_function('f', 1)", "ERR Error registering functions: ERR second argument to redis.register_function must be a function")]
    [InlineData("#!lua name=a\nredis.register_function({}, function() end)", "ERR Error registering functions: ERR first argument to redis.register_function must be a string")]
    [InlineData("#!lua name=a\nredis.register_function{function_name='f'}", "ERR Error registering functions: ERR redis.register_function must get a callback argument")]
    [InlineData("#!lua name=a\nredis.register_function{function_name='f', callback=function() end, flags={'bad'}}", "ERR Error registering functions: ERR unknown flag given")]
    [InlineData("#!lua name=a\nredis.call('ping')",
        "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'")]
    [InlineData("#!lua name=a\nx = 1", "ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table")]
    public void A_library_that_is_wrong_is_refused(string source, string error)
    {
        Assert.Equal(error, _redis.RunArgs("FUNCTION", "LOAD", source));
        Assert.Equal("[]", _redis.Run("FUNCTION LIST"));
    }

    [Fact]
    public void A_library_that_does_not_come_to_its_end_is_given_up()
    {
        _redis.Clock.PerReading = TimeSpan.FromMilliseconds(20);
        Assert.Equal("ERR Error registering functions: ERR FUNCTION LOAD timeout", Load("while true do end"));
    }

    [Fact]
    public void Names_are_taken_once()
    {
        Load("redis.register_function('f', function() return 1 end)", "one");
        Assert.Equal("ERR Library 'one' already exists", Load("redis.register_function('g', function() end)", "one"));
        Assert.Equal("ERR Function F already exists", Load("redis.register_function('F', function() end)", "two"));
        Assert.Equal("one", _redis.RunArgs("FUNCTION", "LOAD", "REPLACE", "#!lua name=one\nredis.register_function('f', function() return 2 end)"));
        Assert.Equal("2", _redis.Run("FCALL f 0"));
        Assert.Equal("OK", _redis.Run("FUNCTION DELETE one"));
        Assert.Equal("ERR Library not found", _redis.Run("FUNCTION DELETE one"));
        Assert.Equal("ERR Function not found", _redis.Run("FCALL f 0"));
    }

    [Theory]
    [InlineData("FUNCTION LIST", "[[library_name, lib, engine, LUA, functions, [[name, get, description, (nil), flags, []], [name, set, description, sets, flags, []], "
        + "[name, peek, description, (nil), flags, [no-writes]]]]]")]
    [InlineData("FUNCTION LIST LIBRARYNAME x*", "[]")]
    [InlineData("FUNCTION LIST LIBRARYNAME", "ERR library name argument was not given")]
    [InlineData("FUNCTION LIST WITHCODE WITHCODE", "ERR Unknown argument WITHCODE")]
    [InlineData("FUNCTION STATS", "[running_script, (nil), engines, [LUA, [libraries_count, 1, functions_count, 3]]]")]
    [InlineData("FUNCTION FLUSH NOW", "ERR FUNCTION FLUSH only supports SYNC|ASYNC option")]
    [InlineData("FUNCTION KILL", "NOTBUSY No scripts in execution right now.")]
    [InlineData("FUNCTION LOAD x y", "ERR Unknown option given: x")]
    [InlineData("FUNCTION DUMP x", "ERR wrong number of arguments for 'function|dump' command")]
    [InlineData("FUNCTION RESTORE abc", "ERR DUMP payload version or checksum are wrong")]
    [InlineData("FUNCTION RESTORE abc NOW", "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")]
    public void Subcommands_answer(string request, string reply)
    {
        _redis.RunArgs("FUNCTION", "LOAD", Library);
        Assert.Equal(reply, _redis.Run(request));
        Assert.Contains("FUNCTION", _redis.Run("FUNCTION HELP"));
    }

    [Fact]
    public void Functions_share_nothing_with_scripts_and_see_no_KEYS()
    {
        Load("redis.register_function('f', function() return KEYS[1] end)\nredis.register_function('g', function() return math.floor(1.5) end)");
        Assert.Contains("nonexistent global variable 'KEYS'", _redis.Run("FCALL f 0"));
        Assert.Equal("1", _redis.Run("FCALL g 0"));
    }

    [Fact]
    public void Register_function_works_only_while_a_library_is_loaded()
    {
        Load("local register = redis.register_function\nredis.register_function('f', function() register('g', function() end) end)");
        Assert.StartsWith("ERR redis.register_function can only be called on FUNCTION LOAD command script: f", _redis.Run("FCALL f 0"));
    }

    [Fact]
    public void Libraries_are_propagated_as_requests_and_their_calls_as_effects()
    {
        var sink = _redis.Record();
        _redis.RunArgs("FUNCTION", "LOAD", Library);
        _redis.Run("FCALL set 1 k v");
        _redis.Run("FUNCTION DELETE lib");
        _redis.Run("FUNCTION FLUSH");
        Assert.Equal([$"FUNCTION LOAD {Library}", "set k v", "FUNCTION DELETE lib", "FUNCTION FLUSH"], sink.Units);
    }

    [Fact]
    public void A_dump_restores_the_libraries()
    {
        _redis.RunArgs("FUNCTION", "LOAD", Library);
        var dump = BulkOf(_redis.RunRaw("FUNCTION"u8.ToArray(), "DUMP"u8.ToArray()));
        Assert.Equal("ERR Library lib already exists", Restore(dump));
        Assert.Equal("OK", Restore(dump, "REPLACE"));
        Assert.Equal("OK", Restore(dump, "FLUSH"));
        _redis.Run("FUNCTION FLUSH SYNC");
        Assert.Equal("OK", Restore(dump, "APPEND"));
        Assert.Equal("OK", _redis.Run("FCALL set 1 k v"));
        _redis.Run("FUNCTION FLUSH");
        Load("redis.register_function('get', function() return 'other' end)", "other");
        Assert.Equal("ERR Function get already exists", Restore(dump, "REPLACE"));
        Assert.Equal("other", _redis.Run("FCALL get 0"));
    }

    [Fact]
    public void Libraries_survive_in_both_kinds_of_file()
    {
        var redis = new TestEngine(config => config.Set("appendonly", "yes"));
        redis.RunArgs("FUNCTION", "LOAD", Library);
        Assert.Equal("OK", redis.Run("DEBUG RELOAD"));
        Assert.Equal("OK", redis.Run("FCALL set 1 k v"));
        Assert.Equal("OK", redis.Run("DEBUG LOADAOF"));
        Assert.Equal("v", redis.Run("FCALL get 1 k"));
        Assert.Equal("OK", redis.Run("DEBUG RELOAD NOSAVE NOFLUSH MERGE"));
        Assert.StartsWith("ERR Error trying to load", redis.Run("DEBUG RELOAD NOSAVE NOFLUSH"));
    }

    [Fact]
    public void A_busy_function_is_killed_by_function_kill()
    {
        Load("redis.register_function('loop', function() while true do end end)");
        var replies = new List<string>();
        var other = _redis.Connect();
        var requests = new Queue<string>(["GET k", "SCRIPT KILL", "FUNCTION STATS", "FUNCTION KILL"]);
        _redis.Run("CONFIG SET busy-reply-threshold 50");
        _redis.Clock.PerReading = TimeSpan.FromMilliseconds(20);
        _redis.Engine.OnBusy = () =>
        {
            if (requests.TryDequeue(out var request)) replies.Add(other.Run(request));
        };
        replies.Add(_redis.Run("FCALL loop 0"));
        Assert.Equal("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.", replies[0]);
        Assert.Equal(replies[0], replies[1]);
        Assert.StartsWith("[running_script, [name, loop, command, [FCALL, loop, 0], duration_ms, ", replies[2]);
        Assert.Equal("OK", replies[3]);
        Assert.StartsWith("ERR Script killed by user with SCRIPT KILL... script: loop, on @user_function:2.", replies[4]);
    }

    private string Restore(byte[] dump, params string[] policy)
    {
        byte[][] request = ["FUNCTION"u8.ToArray(), "RESTORE"u8.ToArray(), dump, .. policy.Select(System.Text.Encoding.ASCII.GetBytes)];
        return System.Text.Encoding.Latin1.GetString(_redis.RunRaw(request)).Trim('+', '-', '\r', '\n');
    }

    private static byte[] BulkOf(byte[] reply)
    {
        var begin = Array.IndexOf(reply, (byte)'\n') + 1;
        return reply[begin..^2];
    }
}
