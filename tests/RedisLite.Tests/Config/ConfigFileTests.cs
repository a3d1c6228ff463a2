using System.Text;
using RedisLite.Engine.Config;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Config;

public class ConfigFileTests
{
    private readonly ServerConfig config = new();
    private readonly SimStorage storage = new();

    private void Load(string file, params string[] commandLine)
    {
        storage["/redis.conf"] = file;
        new ConfigLoader(config, storage).Load("/redis.conf", CommandLineOptions.Parse(commandLine).Lines);
    }

    private string Get(string name) => config.TryGet(name, out var value) ? value : throw new KeyNotFoundException(name);

    [Fact]
    public void File_takes_comments_blanks_quotes_escapes_and_units()
    {
        Load("""
            # comment
               PORT   7000

            maxmemory 1gb
            requirepass "a \"b\"\x41\t"
            masterauth 'it\'s "so" \n'
            logfile ""
            bind 127.0.0.1   ::1
            dbfilename dümp.rdb
            """);
        Assert.Equal(7000, config.Port);
        Assert.Equal(1 << 30, config.Maxmemory);
        Assert.Equal("a \"b\"A\t", config.Requirepass);
        Assert.Equal("it's \"so\" \\n", config.Masterauth);
        Assert.Equal(["127.0.0.1", "::1"], config.Bind);
        Assert.Equal("dümp.rdb", config.Dbfilename);
    }

    [Theory]
    [InlineData("", "3600 1 300 100 60 10000")]
    [InlineData("save 900 1", "900 1")]
    [InlineData("save 900 1\nsave 300 10", "900 1 300 10")]
    [InlineData("save 900 1 300 10", "900 1 300 10")]
    [InlineData("save \"\"", "")]
    [InlineData("save 900 1\nsave \"\"", "")]
    [InlineData("save \"\"\nsave 5 1", "5 1")]
    public void Save_lines_add_up_and_the_first_replaces_the_defaults(string file, string save)
    {
        Load(file);
        Assert.Equal(save, Get("save"));
    }

    [Theory]
    [InlineData("save 900 1|--save|", "")]
    [InlineData("save 900 1|--save|100|100", "900 1 100 100")]
    [InlineData("|--save|--loglevel|verbose", "")]
    [InlineData("|--loglevel|verbose|--save", "")]
    [InlineData("|--proc-title-template|--save|--save||--loglevel|verbose", "")]
    [InlineData("|--save|60 1", "60 1")]
    public void Command_line_save(string words, string save)
    {
        var parts = words.Split('|');
        Load(parts[0], parts[1..]);
        Assert.Equal(save, Get("save"));
    }

    [Theory]
    [InlineData("--maxmemory 700mb|--maxmemory-policy volatile-lru", "maxmemory", "734003200")]
    [InlineData("loglevel|verbose|--maxmemory '700mb'", "loglevel", "verbose")]
    [InlineData("loglevel|verbose|--maxmemory '700mb'", "maxmemory", "734003200")]
    [InlineData("--proc-title-template|--my--title--template|--loglevel|verbose", "proc-title-template", "--my--title--template")]
    [InlineData("--proc-title-template --my--title--template|--loglevel verbose", "loglevel", "verbose")]
    [InlineData("--shutdown-on-sigint|nosave|force|now|--shutdown-on-sigterm|nosave force", "shutdown-on-sigint", "nosave now force")]
    [InlineData("--shutdown-on-sigint|nosave|force|now|--shutdown-on-sigterm|nosave force", "shutdown-on-sigterm", "nosave force")]
    [InlineData("--bind|a|b|--port|1", "bind", "a b")]
    [InlineData("--replicaof|no|one", "replicaof", "")]
    [InlineData("--slaveof|10.0.0.1|6379", "replicaof", "10.0.0.1 6379")]
    public void Command_line_options_are_lines(string words, string name, string value)
    {
        var options = CommandLineOptions.Parse(["/redis.conf", .. words.Split('|')]);
        Assert.Equal("/redis.conf", options.ConfigFile);
        storage["/redis.conf"] = "";
        new ConfigLoader(config, storage).Load(options.ConfigFile, options.Lines);
        Assert.Equal(value, Get(name));
    }

    [Fact]
    public void A_lone_dash_first_or_last_means_standard_input()
    {
        Assert.True(CommandLineOptions.Parse(["-"]).ReadsStandardInput);
        Assert.True(CommandLineOptions.Parse(["a.conf", "--port", "1", "-"]).ReadsStandardInput);
        Assert.False(CommandLineOptions.Parse(["--requirepass", "-", "--port", "1"]).ReadsStandardInput);
    }

    [Theory]
    [InlineData("port 1\nfoo 1", 2, "foo 1", "Bad directive or wrong number of arguments")]
    [InlineData("port 1\n  foo \"a  ", 2, "foo \"a", "Unbalanced quotes in configuration line")]
    [InlineData("requirepass \"a\"b", 1, "requirepass \"a\"b", "Unbalanced quotes in configuration line")]
    [InlineData("port", 1, "port", "wrong number of arguments")]
    [InlineData("port 1 2", 1, "port 1 2", "wrong number of arguments")]
    [InlineData("port x", 1, "port x", "argument couldn't be parsed into an integer")]
    [InlineData("unixsocketperm 999", 1, "unixsocketperm 999", "argument couldn't be parsed as an octal number")]
    [InlineData("replicaof 127.0.0.1 abc", 1, "replicaof 127.0.0.1 abc", "Invalid master port")]
    [InlineData("shutdown-on-sigint", 1, "shutdown-on-sigint", "argument(s) must be one of the following: default, save, nosave, now, force")]
    [InlineData("dbfilename a/b", 1, "dbfilename a/b", "dbfilename can't be a path, just a filename")]
    [InlineData("sentinel monitor", 1, "sentinel monitor", "sentinel directive while not in sentinel mode")]
    public void A_bad_line_is_named_with_its_number_and_reason(string file, int line, string text, string reason)
    {
        var error = Assert.Throws<ConfigFileException>(() => Load(file));
        Assert.Equal((line, text, reason), (error.Line, error.Text, error.Message));
    }

    [Theory]
    [InlineData("--port|6379|6380", "port \"6379\" \"6380\"", "wrong number of arguments")]
    [InlineData("--port|--loglevel|verbose", "port \"--loglevel\" \"verbose\"", "wrong number of arguments")]
    [InlineData("--port|--bla|--loglevel|verbose", "port \"--bla\"", "argument couldn't be parsed into an integer")]
    [InlineData("--port=1", "port=1", "Bad directive or wrong number of arguments")]
    [InlineData("--replicaof|--127.0.0.1|--abc", "replicaof \"--127.0.0.1\"", "wrong number of arguments")]
    public void A_bad_option_is_named_as_the_line_it_became(string words, string text, string reason)
    {
        var error = Assert.Throws<ConfigFileException>(() => new ConfigLoader(config, storage).Load("", CommandLineOptions.Parse(words.Split('|')).Lines));
        Assert.Equal((2, text, reason), (error.Line, error.Text, error.Message));
    }

    [Fact]
    public void Include_reads_one_file_or_all_that_match_and_stops_at_a_circle()
    {
        storage["/etc/a.conf"] = "port 1\n";
        storage["/etc/b.conf"] = "port 2\ntimeout 5\n";
        storage["/etc/c.txt"] = "port 3\n";
        Load("include /etc/a.conf\ninclude /etc/*.conf\ninclude /none/*.conf");
        Assert.Equal((2, 5), (config.Port, config.Timeout));

        Assert.Contains("No such file or directory", Assert.Throws<ConfigFileException>(() => Load("include /etc/none")).Message, StringComparison.Ordinal);
        Assert.Contains("include each other", Assert.Throws<ConfigFileException>(() => Load("include /redis.conf")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rename-command nope x", 1, "No such command in rename-command")]
    [InlineData("hz 20\nrename-command GET SET", 2, "Target command name already exists")]
    [InlineData("rename-command GET \"\"\nrename-command get y", 2, "No such command in rename-command")]
    [InlineData("appendfilename \"\"", 1, "appendfilename can't be empty")]
    [InlineData("some.conf", 1, "Module config specified without value")]
    [InlineData("sentinel x", 1, "sentinel directive while not in sentinel mode")]
    [InlineData("user bob on foo", 1, "Error in user declaration 'bob': Syntax error")]
    [InlineData("user bob foo", 1, "Error in user declaration 'user': Syntax error")]
    [InlineData("user bob on +nosuch +@nosuch foo", 1, "Error in user declaration '+nosuch': Syntax error")]
    [InlineData("user bob on +config|get|x", 1, "Error in user declaration 'bob': Allowing first-arg of a subcommand is not supported")]
    [InlineData("user bob on +get (+set", 1, "Error in user declaration 'on': Wrong format")]
    [InlineData("user bob (+set", 1, "Error in user declaration 'user': Wrong format")]
    [InlineData("user bob on (+set zap)", 1, "Error in user declaration 'bob': Syntax error")]
    [InlineData("user bob on\nuser al on\nuser bob on", 3, "Error in user declaration 'bob': Duplicate user found. A user can only be defined once in config files")]
    public void What_cannot_be_had_is_the_error_of_its_line(string text, int line, string reason)
    {
        var error = Assert.Throws<ConfigFileException>(() => Load(text));
        Assert.Equal((line, reason), (error.Line, error.Message));
    }

    [Fact]
    public void An_empty_first_word_is_no_file_and_no_option()
    {
        Assert.Equal(("", "\nport \"7000\" "), (CommandLineOptions.Parse(["", "--port", "7000"]).ConfigFile, CommandLineOptions.Parse(["", "--port", "7000"]).Lines));
    }

    [Fact]
    public void A_file_may_name_a_backlog_that_Config_set_would_enlarge()
    {
        Load("repl-backlog-size 1kb\nsentinel\noom-score-adj-values \"1  2 3\"\n");
        Assert.Equal("1024", Get("repl-backlog-size"));
        Assert.Equal("1 2 3", Get("oom-score-adj-values"));
        config.Set("repl-backlog-size", "1kb");
        Assert.Equal("16384", Get("repl-backlog-size"));
    }

    [Fact]
    public void Rename_command_and_user_lines_are_kept_for_those_who_read_them()
    {
        Load("rename-command FLUSHDB \"\"\nuser bob on >pw ~* +@all\nlist-max-ziplist-entries 5");
        Assert.Equal([("FLUSHDB", "")], config.RenamedCommands);
        Assert.Equal(["bob", "on", ">pw", "~*", "+@all"], Assert.Single(config.UserLines));
    }

    [Fact]
    public void Dir_becomes_a_full_path_and_must_exist()
    {
        var parent = Directory.CreateTempSubdirectory("redislite").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(parent, "sub"));
            RedisLite.Server.WorkingDirectory.Attach(config);
            Assert.Equal(Environment.CurrentDirectory, Get("dir"));

            Load($"dir {parent}\ndir ./sub/../sub\n");
            Assert.Equal(Path.Combine(parent, "sub"), Get("dir"));
            var error = Assert.Throws<ConfigFileException>(() => Load("port 1\ndir nosuch"));
            Assert.Equal((2, "No such file or directory"), (error.Line, error.Message));
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    private string Rewrite(bool all = false, params string[] userLines)
    {
        ConfigRewriter.Rewrite(config, storage, userLines, all);
        return storage["/redis.conf"];
    }

    [Fact]
    public void Rewrite_keeps_comments_and_order_replaces_in_place_and_appends_the_rest()
    {
        Load("port 17991\n\n# c\nsave 900 1\n\n\nmaxmemory 1mb\nmaxmemory 2mb\nslaveof no one\nhash-max-ziplist-value 5\nrename-command FLUSHDB x\n");
        config.Set("maxmemory", "3mb");
        config.Set("loglevel", "verbose");
        config.Set("requirepass", "a \"b\"\n\uDCFF");
        Assert.Equal(
            "port 17991\n\n# c\nsave 900 1\n\nmaxmemory 3mb\n\nhash-max-listpack-value 5\nrename-command FLUSHDB x\n\n"
            + "# Generated by CONFIG REWRITE\nloglevel verbose\n"
            + "dir \"\"\nrequirepass \"a \\\"b\\\"\\n\\xff\"\nlatency-tracking-info-percentiles 50 99 99.9\n", Rewrite());
        var once = storage["/redis.conf"];
        Assert.Equal(once + "\n", Rewrite());
    }

    [Fact]
    public void Rewrite_of_an_empty_save_stays_empty_after_a_restart()
    {
        Load("save 900 1\nsave 300 10\n");
        config.Set("save", "");
        Assert.Equal("save \"\"\n\n", Added(Rewrite()));
    }

    /// <summary>The part of a rewritten file that the old one had, without what is always written.</summary>
    private static string Added(string file) => file[..file.IndexOf("# Generated by CONFIG REWRITE", StringComparison.Ordinal)];

    /// <summary>What redis-server 7.2.6 made of the same files.</summary>
    [Theory]
    [InlineData("timeout 5", "timeout 5\n")]
    [InlineData("\n\n\ntimeout 5\n\n\n", "\ntimeout 5\n\n")]
    [InlineData("  # a \n\ttimeout 5\r\nTIMEOUT 6\n#b", "# a\ntimeout 6\n\n#b\n")]
    [InlineData("foo bar\ntimeout \"5\nmod.x 1\nlist-max-ziplist-value 5\n# ??? x\n", "# ??? foo bar\n# ??? timeout \"5\n# ??? mod.x 1\n# ??? list-max-ziplist-value 5\n# ??? x\n\n")]
    [InlineData("include /x\nrename-command GET \"\"\nsentinel x\nloadmodule /x.so\n", "include /x\nrename-command GET \"\"\nsentinel x\n\n")]
    [InlineData("user al on\nUSER bob on\n", "user default on nopass\n\n")]
    [InlineData("requirepass \"\"\nunixsocket \"\"\nlogfile \"\"\n", "\nlogfile \"\"\n\n")]
    [InlineData("bind * -::*\nslaveof no one\ntimeout 1\n", "\ntimeout 0\n\n")]
    [InlineData("client-output-buffer-limit pubsub 1 2 3\n", "client-output-buffer-limit normal 0 0 0\n\n")]
    public void Rewrite_treats_lines_as_redis_does(string file, string start)
    {
        storage["/redis.conf"] = file;
        config.ConfigFile = "/redis.conf";
        if (file.Contains("timeout 5", StringComparison.Ordinal)) config.Set("timeout", file.Contains("TIMEOUT", StringComparison.Ordinal) ? "6" : "5");
        Assert.Equal(start, Added(Rewrite(all: false, "user default on nopass")));
        Rewrite(all: false, "user default on nopass");                       // the end of its own last line becomes a blank line, once
        var twice = storage["/redis.conf"];
        Assert.Equal(twice, Rewrite(all: false, "user default on nopass"));
    }

    [Fact]
    public void Rewrite_adds_only_the_changed_class_of_output_limits()
    {
        storage["/redis.conf"] = "";
        config.ConfigFile = "/redis.conf";
        config.Set("client-output-buffer-limit", "pubsub 5 5 5");
        Assert.Equal(["client-output-buffer-limit pubsub 5 5 5"], Rewrite().Split('\n').Where(line => line.StartsWith("client-output", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rewrite_of_everything_reads_back_to_the_same_values()
    {
        Load("");
        config.Set("latency-tracking-info-percentiles", "");
        config.Set("notify-keyspace-events", "KEA$");
        config.Set("unixsocketperm", "700");
        config.Set("client-output-buffer-limit", "normal 1 2048 3 pubsub 3gb 0 0");
        config.Set("maxmemory-clients", "7%");
        config.Dir = "/";
        Rewrite(all: true);

        var again = new ServerConfig();
        new ConfigLoader(again, storage).Load("/redis.conf", "");
        Assert.Equal(config.Get("*"), again.Get("*"));
    }

    [Fact]
    public void Any_bytes_survive_quoting()
    {
        var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        var text = ConfigText.Decode(bytes);
        Assert.Equal(bytes, ConfigText.Encode(text));
        Assert.True(ConfigText.TrySplit(ConfigText.Quote(text), out var words));
        Assert.Equal([text], words);
        Assert.Equal("ü€😀", ConfigText.Decode(Encoding.UTF8.GetBytes("ü€😀")));
    }
}
