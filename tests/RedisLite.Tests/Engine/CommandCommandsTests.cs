using RedisLite.Engine;
using RedisLite.Engine.Commands;
using RedisLite.Testing;
using Xunit;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Tests.Engine;

/// <summary>The COMMAND family over a small table of its own. The expected replies were read off redis-server 7.0.15.</summary>
public class CommandCommandsTests
{
    private readonly EngineProbe server = new(Table());

    private static CommandTable Table() => new CommandTable()
        .Add("server", CommandCommands.Table())
        .Add("string",
            new CommandSpec("GET", 2, Nothing, ReadOnly | Fast, "key")
            {
                Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.String, Summary = "Gives it.", Complexity = "O(1)",
                DeprecatedSince = "9.0.0", ReplacedBy = "nothing", History = [("2.0.0", "Faster")],
            },
            new CommandSpec("SET", -3, Nothing, Write | DenyOom, "key value [condition: NX | XX]@2.6.12")
            {
                Keys = [KeySpec.At(1, RW | Access | Update | VariableFlags)], KeyFinder = CommandKeys.OfSet, Acl = AclCategory.String,
                History = [],
            },
            new CommandSpec("MSET", -3, Nothing, Write, "<data: key value [key value ...]>") { Keys = [KeySpec.Range(1, OW | Update, step: 2)] })
        .Add("generic",
            new CommandSpec("SORT", -2, Nothing, Write | DenyOom, "key")
            {
                Keys = [KeySpec.At(1, RO | Access), KeySpec.Unknown(RO | Access), KeySpec.Unknown(OW | Update)], KeyFinder = CommandKeys.OfSort,
            },
            new CommandSpec("SORT_RO", -2, Nothing, ReadOnly, "key")
            {
                Keys = [KeySpec.At(1, RO | Access), KeySpec.Unknown(RO | Access)], KeyFinder = CommandKeys.OfSortRo,
            },
            new CommandSpec("MIGRATE", -6, Nothing, Write, "")
            {
                Keys = [KeySpec.At(3, RW | Access | Delete), KeySpec.After("KEYS", -2, RW | Access | Delete | Incomplete, last: -1)],
                KeyFinder = CommandKeys.OfMigrate,
            },
            new CommandSpec("XREAD", -4, Nothing, ReadOnly | CommandFlags.Blocking, "")
            {
                Tips = ["nondeterministic_output"], Keys = [KeySpec.After("STREAMS", 1, RO | Access, last: -1, limit: 2)],
            },
            new CommandSpec("XREADGROUP", -7, Nothing, Write, "") { Keys = [KeySpec.After("STREAMS", 4, RO | Access, last: -1, limit: 2)] },
            new CommandSpec("EVAL", -3, Nothing, NoScript | Stale | SkipMonitor | NoMandatoryKeys, "")
            {
                Keys = [KeySpec.Counted(2, RW | Access | Update)],
            },
            new CommandSpec("ZUNIONSTORE", -4, Nothing, Write, "") { Keys = [KeySpec.At(1, OW | Update), KeySpec.Counted(2, RO | Access)] },
            new CommandSpec("PFMERGE", -2, Nothing, Write, "") { Keys = [KeySpec.At(1, RW | Insert), KeySpec.Range(2, RO | Access)] },
            new CommandSpec("BLPOP", -3, Nothing, Write, "") { Keys = [KeySpec.Range(1, RW | Delete, last: -2)] },
            new CommandSpec("BITFIELD", -2, Nothing, Write, "")
            {
                Keys = [KeySpec.At(1, RW | Access | Update | VariableFlags)], KeyFinder = CommandKeys.OfBitField,
            },
            new CommandSpec("GEORADIUS", -6, Nothing, Write, "")
            {
                Keys = [KeySpec.At(1, RO | Access), KeySpec.After("STORE", 6, OW | Update), KeySpec.After("STOREDIST", 6, OW | Update)],
            },
            new CommandSpec("SPUBLISH", 3, Nothing, PubSub, "") { Keys = [KeySpec.At(1, NotKey)] },
            new CommandSpec("OBJECT", -2, null, None, "")
            {
                Subcommands = [new("ENCODING", 3, Nothing, ReadOnly, "key") { Keys = [KeySpec.At(2, RO)], Acl = AclCategory.Keyspace }],
            })
        .Freeze();

    private static void Nothing(CommandContext ctx) => ctx.Reply.Ok();

    [Theory]
    [InlineData("get a", "a")]
    [InlineData("GET a", "a")]
    [InlineData("set a b", "a")]
    [InlineData("mset a b c", "a c")]
    [InlineData("mset a b c d", "a c")]
    [InlineData("sort a limit 1", "a")]
    [InlineData("sort a get store b", "a")]
    [InlineData("sort a get store store b", "a b")]
    [InlineData("sort a limit 0 store store b", "a b")]
    [InlineData("migrate h 1 k 0 10", "k")]
    [InlineData("migrate h 1 k 0 10 auth keys", "k")]
    [InlineData("migrate h 1 \"\" 0 10 keys a b", "a b")]
    [InlineData("migrate h 1 \"\" 0 10 auth keys keys a", "a")]
    [InlineData("migrate h 1 \"\" 0 10 auth2 keys keys keys a", "a")]
    [InlineData("migrate h 1 \"\" 0 10 keys", "")]
    [InlineData("xread streams a b 1", "a")]
    [InlineData("xread count 1 streams a b 1 2", "a b")]
    [InlineData("xread count streams streams a 1", "streams")]
    [InlineData("xreadgroup group streams c streams a >", "a")]
    [InlineData("eval s 1 a b", "a")]
    [InlineData("zunionstore d 1 a weights 2", "d a")]
    [InlineData("pfmerge d a b", "d a b")]
    [InlineData("blpop a b 0", "a b")]
    [InlineData("object encoding a", "a")]
    public void Getkeys_finds(string command, string keys)
    {
        var expected = keys.Split(' ');
        Assert.Equal($"*{expected.Length} {string.Join(' ', expected.Select(k => $"${k.Length} {k}"))}".TrimEnd(), server.Send("command getkeys " + command));
    }

    [Theory]
    [InlineData("eval s 0")]
    [InlineData("eval s 0 a")]
    [InlineData("eval s 2 a")]
    [InlineData("eval s x a")]
    [InlineData("eval s -1 a")]
    public void Getkeys_finds_none_where_none_are_needed(string command) => Assert.Equal("*0", server.Send("command getkeys " + command));

    [Theory]
    [InlineData("nosuch a", "Invalid command specified")]
    [InlineData("get|x a", "Invalid command specified")]
    [InlineData("object nosuch a", "Invalid command specified")]
    [InlineData("command getkeys get a", "The command has no key arguments")]
    [InlineData("spublish a b", "The command has no key arguments")]
    [InlineData("object encoding", "Invalid number of arguments specified for command")]
    [InlineData("get", "Invalid number of arguments specified for command")]
    [InlineData("mset a", "Invalid number of arguments specified for command")]
    [InlineData("zunionstore d 100 a", "Invalid arguments specified for command")]
    [InlineData("zunionstore d x a", "Invalid arguments specified for command")]
    [InlineData("zunionstore d 0 a", "Invalid arguments specified for command")]
    [InlineData("zunionstore d -1 a", "Invalid arguments specified for command")]
    [InlineData("zunionstore d 9223372036854775807 a", "Invalid arguments specified for command")]
    [InlineData("pfmerge d", "Invalid arguments specified for command")]
    [InlineData("xread count 1 a", "Invalid arguments specified for command")]
    [InlineData("xread count 1 streams", "Invalid arguments specified for command")]
    [InlineData("xread count 1 streams a", "Invalid arguments specified for command")]
    [InlineData("migrate h 1 k 0 10 keys a b", "Invalid arguments specified for command")]
    [InlineData("migrate h 1 k 0 10 auth keys keys a", "Invalid arguments specified for command")]
    public void Getkeys_refuses(string command, string error) => Assert.Equal("-ERR " + error, server.Send("command getkeys " + command));

    [Theory]
    [InlineData("set a b", "a OW update")]
    [InlineData("set a b EX 1 NX", "a OW update")]
    [InlineData("set a get", "a OW update")]
    [InlineData("set a b get", "a RW access update")]
    [InlineData("set a b ex get", "a RW access update")]
    [InlineData("sort a by b_* get g_* store d", "a RO access; d OW update")]
    [InlineData("sort a store", "a RO access")]
    [InlineData("sort a store d store e", "a RO access; e OW update")]
    [InlineData("sort a limit store 3 store x", "a RO access; x OW update")]
    [InlineData("sort a asc desc by store store x", "a RO access; x OW update")]
    [InlineData("sort_ro a by b_* store d", "a RO access")]
    [InlineData("georadius k 1 2 3 m", "k RO access")]
    [InlineData("georadius k 1 2 3 m store d", "k RO access; d OW update")]
    [InlineData("georadius k 1 2 3 m store d storedist e", "k RO access; d OW update; e OW update")]
    [InlineData("georadius k 1 2 3 m store a store b", "k RO access; a OW update")]
    [InlineData("georadius k 1 2 3 m store", "k RO access")]
    [InlineData("bitfield k", "k RO access")]
    [InlineData("bitfield k get u8 0", "k RO access")]
    [InlineData("bitfield k overflow wrap get u8 0", "k RO access")]
    [InlineData("bitfield k get u8", "k RW access update")]
    [InlineData("bitfield k get u8 0 set u8 0 1", "k RW access update")]
    [InlineData("bitfield k overflow", "k RW access update")]
    [InlineData("bitfield k foo", "k RW access update")]
    public void Getkeysandflags_tells(string command, string places)
    {
        var expected = places.Split("; ").Select(p => p.Split(' ')).ToArray();
        var reply = $"*{expected.Length} " + string.Join(' ', expected.Select(p =>
            $"*2 ${p[0].Length} {p[0]} *{p.Length - 1} {string.Join(' ', p.Skip(1).Select(f => "+" + f))}"));
        Assert.Equal(reply, server.Send("command getkeysandflags " + command));
    }

    [Theory]
    [InlineData("2", "get",
        "*1 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 *1 *6 $5 flags *2 +RO +access "
        + "$12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0")]
    [InlineData("3", "xread",
        "*1 *10 $5 xread :-4 ~3 +readonly +blocking +movablekeys :0 :0 :0 ~3 +@read +@slow +@blocking ~1 $23 nondeterministic_output ~1 %3 $5 flags "
        + "~2 +RO +access $12 begin_search %2 $4 type $7 keyword $4 spec %2 $7 keyword $7 STREAMS $9 startfrom :1 "
        + "$9 find_keys %2 $4 type $5 range $4 spec %3 $7 lastkey :-1 $7 keystep :1 $5 limit :2 ~0")]
    [InlineData("2", "nosuch object|nosuch", "*2 $-1 $-1")]
    [InlineData("3", "nosuch", "*1 _")]
    [InlineData("2", "object|encoding",
        "*1 *10 $15 object|encoding :3 *1 +readonly :2 :2 :1 *3 +@keyspace +@read +@slow *0 *1 *6 $5 flags *1 +RO "
        + "$12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :2 $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0")]
    public void Info_has_the_shape_of_redis(string protocol, string names, string reply)
    {
        server.Client.Reply.Protocol = int.Parse(protocol);
        Assert.Equal(reply, server.Send("command info " + names));
    }

    [Fact]
    public void Info_of_a_container_holds_its_subcommands()
    {
        var reply = server.Send("command info object");
        Assert.StartsWith("*1 *10 $6 object :-2 *0 :0 :0 :0 *1 +@slow *0 *0 *1 *10 $15 object|encoding :3", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2", "get",
        "*2 $3 get *18 $7 summary $9 Gives it. $5 since $5 1.0.0 $5 group $6 string $10 complexity $4 O(1) $9 doc_flags *1 +deprecated "
        + "$16 deprecated_since $5 9.0.0 $11 replaced_by $7 nothing $7 history *1 *2 $5 2.0.0 $6 Faster "
        + "$9 arguments *1 *8 $4 name $3 key $4 type $3 key $12 display_text $3 key $14 key_spec_index :0")]
    [InlineData("3", "set",
        "%1 $3 set %3 $5 since $5 1.0.0 $5 group $6 string $9 arguments *3 %4 $4 name $3 key $4 type $3 key $12 display_text $3 key $14 key_spec_index :0 "
        + "%3 $4 name $5 value $4 type $6 string $12 display_text $5 value "
        + "%5 $4 name $9 condition $4 type $5 oneof $5 since $6 2.6.12 $5 flags ~1 +optional $9 arguments *2 "
        + "%4 $4 name $2 nx $4 type $10 pure-token $12 display_text $2 nx $5 token $2 NX %4 $4 name $2 xx $4 type $10 pure-token $12 display_text $2 xx $5 token $2 XX")]
    [InlineData("3", "nosuch", "%0")]
    [InlineData("3", "object",
        "%1 $6 object %3 $5 since $5 1.0.0 $5 group $7 generic $11 subcommands %1 $15 object|encoding %3 $5 since $5 1.0.0 $5 group $7 generic "
        + "$9 arguments *1 %4 $4 name $3 key $4 type $3 key $12 display_text $3 key $14 key_spec_index :0")]
    public void Docs_have_the_shape_of_redis(string protocol, string names, string reply)
    {
        server.Client.Reply.Protocol = int.Parse(protocol);
        Assert.Equal(reply, server.Send("command docs " + names));
    }

    [Theory]
    [InlineData("filterby pattern G*", "*2 $3 get $9 georadius")]
    [InlineData("filterby pattern *|enc*", "*1 $15 object|encoding")]
    [InlineData("FILTERBY ACLCAT String", "*2 $3 get $3 set")]
    [InlineData("filterby aclcat @string", "*0")]
    [InlineData("filterby aclcat nosuch", "*0")]
    [InlineData("filterby module x", "*0")]
    [InlineData("filterby foo x", "-ERR syntax error")]
    [InlineData("filterby pattern", "-ERR syntax error")]
    [InlineData("filterby pattern a b", "-ERR syntax error")]
    [InlineData("x", "-ERR syntax error")]
    public void List_filters(string filter, string reply) => Assert.Equal(reply, server.Send("command list " + filter));

    [Fact]
    public void Every_form_counts_the_same_commands()
    {
        var table = Table();
        Assert.Equal($":{table.Count}", server.Send("command count"));
        Assert.StartsWith($"*{table.Count} *10 $7 command :-1 ", server.Send("command"), StringComparison.Ordinal);
        Assert.Equal(server.Send("command"), server.Send("command info"));
        Assert.StartsWith($"*{table.Count * 2} $7 command *", server.Send("command docs"), StringComparison.Ordinal);
        Assert.StartsWith($"*{table.All.Count} $7 command ", server.Send("command list"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("command count x", "-ERR wrong number of arguments for 'command|count' command")]
    [InlineData("command getkeys", "-ERR wrong number of arguments for 'command|getkeys' command")]
    [InlineData("command foo", "-ERR unknown subcommand 'foo'. Try COMMAND HELP.")]
    public void Wrong_forms_are_refused(string command, string reply) => Assert.Equal(reply, server.Send(command));

    [Fact]
    public void Help_lists_every_subcommand()
    {
        var reply = server.Send("command help");
        foreach (var sub in Table().Find("command"u8)!.Subcommands) Assert.Contains("+" + sub.Name, reply, StringComparison.Ordinal);
    }

    /// <summary>In redis-server subcommands are an array, but those that are not there an empty set.</summary>
    [Theory]
    [InlineData("slowlog", "~0\r\n~0\r\n*4\r\n*10\r\n")]
    [InlineData("get", "~0\r\n")]
    public void Subcommands_of_command_info_are_an_array_in_RESP3(string name, string part)
    {
        var redis = new TestEngine();
        redis.Run("HELLO 3");
        var reply = System.Text.Encoding.Latin1.GetString(redis.RunRaw("COMMAND"u8.ToArray(), "INFO"u8.ToArray(), System.Text.Encoding.Latin1.GetBytes(name)));
        Assert.Contains(part, reply, StringComparison.Ordinal);
    }

    [Fact]
    public void Debug_digest_value_of_no_keys_is_empty()
    {
        var redis = new TestEngine(config => config.Set("enable-debug-command", "yes"));
        Assert.Equal("[]", redis.Run("DEBUG DIGEST-VALUE"));
    }
}
