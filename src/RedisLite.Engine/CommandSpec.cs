using System.Text;

namespace RedisLite.Engine;

internal delegate void CommandHandler(CommandContext ctx);

internal enum ChannelUse : byte
{
    None,

    /// <summary>The first argument is a channel.</summary>
    Publishes,

    /// <summary>All arguments are channels.</summary>
    Subscribes,

    /// <summary>All arguments are patterns of channels.</summary>
    SubscribesPatterns,
}

/// <summary>
/// A command: one row of a family's table. The facts (constructor and init properties) are what COMMAND INFO and COMMAND DOCS show; the rest is what
/// one server keeps about it while it runs. Rows are made anew for every server, so that two servers in one process share no counter and no rename.
/// A container (CLIENT, CONFIG …) has subcommands and usually no handler of its own.
/// </summary>
internal sealed class CommandSpec(string name, int arity, CommandHandler? handler, CommandFlags flags, string syntax)
{
    /// <summary>As the row says it: upper case, without the container's name.</summary>
    public string Name { get; } = name;

    /// <summary>Number of arguments with the name(s) of the command; negative: at least so many.</summary>
    public int Arity { get; } = arity;

    /// <summary>Null: a container that needs a subcommand.</summary>
    public CommandHandler? Handler { get; } = handler;

    public CommandFlags Flags { get; private set; } = flags;

    /// <summary>The arguments in the notation of <see cref="CommandSyntax"/>.</summary>
    public string Syntax { get; } = syntax;

    public KeySpec[] Keys
    {
        get;
        init
        {
            field = value;
            (FirstKey, LastKey, KeyStep, var movable) = KeySpec.Summarize(value);
            if (movable) Flags |= CommandFlags.MovableKeys;
            KeysDependOnOptions = Array.Exists(value, spec => (spec.Flags & KeyFlags.VariableFlags) != 0);
        }
    } = [];

    /// <summary>O(1) here, so that its calls in a row are timed together (<see cref="Executor"/>): every fast command, and those that only redis-server has to call slow.</summary>
    public bool IsBrief
    {
        get => field || Has(CommandFlags.Fast);
        init;
    }

    /// <summary>How its arguments name channels, which ACL rules may keep from a user.</summary>
    public ChannelUse Channels { get; init; }

    /// <summary>Finds the keys where key specs cannot: for the few commands whose options decide.</summary>
    public KeyFinder? KeyFinder { get; init; }

    /// <summary>The key specs do not tell how the keys are used: only the finder does.</summary>
    public bool KeysDependOnOptions { get; private init; }

    /// <summary>All categories: those of the row and those its flags imply.</summary>
    public AclCategory Acl
    {
        get => field | AclCategories.Implied(Flags, field);
        init;
    }

    public string Since { get; init; } = "1.0.0";

    public string Summary { get; init; } = "";

    public string Complexity { get; init; } = "";

    /// <summary>COMMAND DOCS' group; a family sets it once for all its rows, a row only when it differs.</summary>
    public string Group { get; set; } = "";

    public string[] Tips { get; init; } = [];

    /// <summary>(version, what changed), oldest first; of the commands of Redis from <see cref="CommandHistory"/>.</summary>
    public (string Version, string Change)[] History { get => field ?? CommandHistory.Of(FullName); init; }

    public string? DeprecatedSince { get; init; }

    public string? ReplacedBy { get; init; }

    public CommandSpec[] Subcommands
    {
        get;
        init
        {
            field = value;
            foreach (var sub in value) sub.Parent = this;
            subcommandIndex = new CommandIndex(value);
        }
    } = [];

    public CommandSpec? Parent { get; private set; }

    public bool IsContainer => subcommandIndex is not null;

    /// <summary>First, last and step as COMMAND INFO gives them; 0 = no key at a fixed place.</summary>
    public int FirstKey { get; private init; }

    public int LastKey { get; private init; }

    public int KeyStep { get; private init; }

    /// <summary>The first argument that names a hash field or a member, so that it can be looked ahead for; 0 = none.</summary>
    public int ElementArg { get; init; }

    /// <summary>Lower case, with the container: "get", "config|set". Errors, statistics and ACL rules name a command so.</summary>
    public string FullName => field ??= Parent is null ? Name.ToLowerInvariant() : $"{Parent.FullName}|{Name.ToLowerInvariant()}";

    public byte[] FullNameBytes => field ??= Encoding.ASCII.GetBytes(FullName);

    private readonly CommandIndex? subcommandIndex;

    public CommandSpec? FindSubcommand(ReadOnlySpan<byte> subcommand) => subcommandIndex?.Find(subcommand);

    public bool Has(CommandFlags any) => (Flags & any) != 0;

    public bool AcceptsArgc(int argc) => Arity >= 0 ? argc == Arity : argc >= -Arity;

    // What one server counts about this command (INFO commandstats, latencystats, LATENCY HISTOGRAM).

    /// <summary>Dense, from 0, in the order of <see cref="CommandTable.All"/>: an index for per-command bits (ACL).</summary>
    public int Id { get; internal set; } = -1;

    public long Calls;

    public long Nanoseconds;

    public long Microseconds => Nanoseconds / 1000;

    /// <summary>Refused before it ran (arity, ACL, OOM …).</summary>
    public long RejectedCalls;

    /// <summary>Ran and replied with an error.</summary>
    public long FailedCalls;

    /// <summary>Made by the executor at the first call when latency tracking is on.</summary>
    public LatencyHistogram? Latency;

    public void ResetStatistics()
    {
        Calls = Nanoseconds = RejectedCalls = FailedCalls = 0;
        Latency = null;
    }
}
