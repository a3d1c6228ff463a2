using System.Text;
using RedisLite.Engine;
using Xunit;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Tests.Engine;

public class CommandTableTests
{
    private static CommandTable Sample() => new CommandTable().Add("string",
        new CommandSpec("GET", 2, Nothing, ReadOnly | Fast, "key") { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.String },
        new CommandSpec("GETRANGE", 4, Nothing, ReadOnly, "key start end"),
        new CommandSpec("GEORADIUSBYMEMBER_RO", -5, Nothing, ReadOnly, "key"),
        new CommandSpec("PING", -1, Nothing, Fast, ""),
        new CommandSpec("CONFIG", -2, null, None, "")
        {
            Group = "server",
            Subcommands = [new("GET", -3, Nothing, Admin, "parameter"), new("SET", -4, Nothing, Admin, "parameter value")],
        }).Freeze();

    private static void Nothing(CommandContext ctx) => Assert.NotNull(ctx);

    [Theory]
    [InlineData("GET", "get")]
    [InlineData("get", "get")]
    [InlineData("GeT", "get")]
    [InlineData("getrange", "getrange")]
    [InlineData("GetRange", "getrange")]
    [InlineData("GEORADIUSBYMEMBER_ro", "georadiusbymember_ro")]
    [InlineData("config", "config")]
    public void Finds_names_in_any_case(string name, string fullName) =>
        Assert.Equal(fullName, Sample().Find(Encoding.Latin1.GetBytes(name))?.FullName);

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("GE")]
    [InlineData("GETX")]
    [InlineData("get\0")]
    [InlineData("G\u0005T")]
    [InlineData("GETRANGES")]
    [InlineData("GEORADIUSBYMEMBER\u007fRO")]
    [InlineData("GEORADIUSXYMEMBER_RO")]
    [InlineData("GEORADIUSBYMEMBER_RO ")]
    [InlineData("a name much longer than any command could ever be")]
    public void Finds_nothing_else(string name) => Assert.Null(Sample().Find(Encoding.Latin1.GetBytes(name)));

    [Fact]
    public void Finds_every_name_among_many_and_none_that_differs_in_one_byte()
    {
        var rows = Enumerable.Range(0, 600).Select(i => new CommandSpec($"C{i * 7919:X}" + new string('X', i % 23), 1, Nothing, Fast, "")).ToArray();
        var table = new CommandTable().Add("test", rows).Freeze();
        foreach (var row in rows)
        {
            var name = Encoding.Latin1.GetBytes(row.Name);
            Assert.Same(row, table.Find(name));
            for (var i = 0; i < name.Length; i++)
            {
                name[i] ^= 0x80;
                Assert.Null(table.Find(name));
                name[i] ^= 0x80;
            }
        }
    }

    [Fact]
    public void Subcommands_have_full_names_parents_and_ids_in_order()
    {
        var table = Sample();
        var config = table.Find("config"u8)!;
        var set = config.FindSubcommand("sEt"u8)!;
        Assert.Equal("config|set", set.FullName);
        Assert.Same(config, set.Parent);
        Assert.Null(config.FindSubcommand("nosuch"u8));
        Assert.Null(table.Find("get"u8)!.FindSubcommand("set"u8));
        Assert.Same(set, table.FindPath("CONFIG|SET"u8));
        Assert.Same(set, table.FindOriginal("config|SET"));
        Assert.Equal(Enumerable.Range(0, table.All.Count), table.All.Select(spec => spec.Id));
        Assert.Equal(["get", "getrange", "georadiusbymember_ro", "ping", "config", "config|get", "config|set"], table.All.Select(s => s.FullName));
        Assert.Equal(["server", "server"], config.Subcommands.Select(s => s.Group));
    }

    [Fact]
    public void Renamed_command_answers_to_the_new_name_only_and_keeps_its_facts()
    {
        var table = Sample();
        var get = table.Find("get"u8);
        Assert.Null(table.Rename("get", "fetch-it"));
        Assert.Null(table.Find("get"u8));
        Assert.Same(get, table.Find("FETCH-IT"u8));
        Assert.Same(get, table.FindOriginal("get"));
        Assert.Equal("get", get!.FullName);
        Assert.Equal(5, table.Count);
    }

    [Fact]
    public void Command_renamed_to_nothing_is_gone()
    {
        var table = Sample();
        Assert.Null(table.Rename("CONFIG", ""));
        Assert.Null(table.Find("config"u8));
        Assert.Equal(4, table.Count);
        Assert.Equal("No such command in rename-command", table.Rename("config", "x"));
    }

    [Fact]
    public void Rename_refuses_a_taken_name() => Assert.Equal("Target command name already exists", Sample().Rename("get", "PING"));

    [Fact]
    public void Frozen_table_takes_no_rows_and_no_name_comes_twice()
    {
        Assert.Throws<InvalidOperationException>(() => Sample().Add("x", new CommandSpec("X", 1, Nothing, Fast, "")));
        var table = new CommandTable().Add("x", new CommandSpec("X", 1, Nothing, Fast, ""));
        Assert.Throws<InvalidOperationException>(() => table.Add("x", new CommandSpec("x", 1, Nothing, Fast, "")));
    }

    [Fact]
    public void Categories_follow_from_flags()
    {
        var table = Sample();
        Assert.Equal(AclCategory.Read | AclCategory.String | AclCategory.Fast, table.Find("get"u8)!.Acl);
        Assert.Equal(AclCategory.Admin | AclCategory.Dangerous | AclCategory.Slow, table.FindPath("config|set"u8)!.Acl);
    }

    [Fact]
    public void Look_up_allocates_nothing()
    {
        var table = Sample();
        table.Find("GETRANGE"u8);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) table.Find("getrange"u8);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Histogram_knows_percentiles_to_two_digits()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 100_000; i++) histogram.Record(i * 1000L);
        foreach (var percentile in new[] { 1.0, 50.0, 99.0, 99.9, 100.0 })
            Assert.InRange(histogram.ValueAtPercentile(percentile), percentile * 1_000_000 * 0.99, percentile * 1_000_000 * 1.01);
        Assert.Equal(100_000, histogram.CountUpTo(long.MaxValue));
        Assert.InRange(histogram.CountUpTo(50_000_000), 49_500, 50_500);
        Assert.Equal(0, histogram.CountUpTo(500));
        histogram.Record(0);
        histogram.Record(long.MaxValue);
        Assert.Equal(100_002, histogram.Count);
    }
}
