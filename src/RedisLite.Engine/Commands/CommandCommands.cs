using System.Text;
using RedisLite.Data;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>What the server tells about its own commands: everything here comes from the command table.</summary>
internal static class CommandCommands
{
    public static CommandSpec[] Table() =>
    [
        new("COMMAND", -1, Command, Loading | Stale, "")
        {
            Acl = AclCategory.Connection, Since = "2.8.13", Tips = ["nondeterministic_output_order"], Summary = "Gives facts about all commands.",
            Complexity = "O(N) in the number of commands",
            Subcommands =
            [
                new("COUNT", 2, CommandCount, Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "2.8.13", Summary = "Counts the commands.", Complexity = "O(1)" },
                new("DOCS", -2, CommandDocs, Loading | Stale, "[command-name [command-name ...]]")
                { Acl = AclCategory.Connection, Since = "7.0.0", Tips = ["nondeterministic_output_order"],
                  Summary = "Gives the documentation of commands.", Complexity = "O(N) in the number of commands asked for" },
                new("GETKEYS", -3, CommandGetKeys, Loading | Stale, "command [arg [arg ...]]")
                { Acl = AclCategory.Connection, Since = "2.8.13", Summary = "Finds the keys in a whole command line.",
                  Complexity = "O(N) in the number of arguments" },
                new("GETKEYSANDFLAGS", -3, CommandGetKeysAndFlags, Loading | Stale, "command [arg [arg ...]]")
                { Acl = AclCategory.Connection, Since = "7.0.0", Summary = "Finds the keys in a whole command line and tells how they are used.",
                  Complexity = "O(N) in the number of arguments" },
                new("HELP", 2, CommandHelp, Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("INFO", -2, CommandInfo, Loading | Stale, "[command-name [command-name ...]]")
                { Acl = AclCategory.Connection, Since = "2.8.13", Tips = ["nondeterministic_output_order"],
                  Summary = "Gives facts about commands.", Complexity = "O(N) in the number of commands asked for" },
                new("LIST", -2, CommandList, Loading | Stale, "[FILTERBY <filterby: MODULE module-name | ACLCAT category | PATTERN pattern>]")
                { Acl = AclCategory.Connection, Since = "7.0.0", Tips = ["nondeterministic_output_order"],
                  Summary = "Gives the names of all commands, or of some by a filter.", Complexity = "O(N) in the number of commands" },
            ],
        },
    ];

    private static void Command(CommandContext ctx)
    {
        ctx.Reply.Array(ctx.Engine.Commands.Count);
        foreach (var spec in ctx.Engine.Commands.Live) CommandFacts.Info(ctx.Reply, spec);
    }

    private static void CommandCount(CommandContext ctx) => ctx.Reply.Integer(ctx.Engine.Commands.Count);

    private static void CommandInfo(CommandContext ctx)
    {
        if (ctx.Argc == 2)
        {
            Command(ctx);
            return;
        }

        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (ctx.Engine.Commands.FindPath(ctx.Arg(i)) is { } spec) CommandFacts.Info(ctx.Reply, spec);
            else ctx.Reply.Null();
        }
    }

    private static void CommandDocs(CommandContext ctx)
    {
        var mark = ctx.Reply.DeferMap();
        var count = 0;
        if (ctx.Argc == 2)
        {
            foreach (var spec in ctx.Engine.Commands.Live) Document(spec);
        }

        for (var i = 2; i < ctx.Argc; i++)
        {
            if (ctx.Engine.Commands.FindPath(ctx.Arg(i)) is { } spec) Document(spec);
        }
        ctx.Reply.EndMap(mark, count);

        void Document(CommandSpec spec)
        {
            CommandFacts.Docs(ctx.Reply, spec);
            count++;
        }
    }

    private static void CommandList(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(2);
        Func<CommandSpec, bool> wanted = static _ => true;
        if (args.More)
        {
            if (args.Left != 3 || !args.Take("FILTERBY"u8) || Filter(ref args) is not { } filter)
            {
                ctx.Fail(Errors.Syntax);
                return;
            }
            wanted = filter;
        }

        var mark = ctx.Reply.DeferArray();
        var count = 0;
        foreach (var spec in ctx.Engine.Commands.Live)
        {
            List(spec);
            foreach (var sub in spec.Subcommands) List(sub);
        }
        ctx.Reply.EndArray(mark, count);

        void List(CommandSpec spec)
        {
            if (!wanted(spec)) return;
            ctx.Reply.Bulk(spec.FullNameBytes);
            count++;
        }
    }

    /// <summary>Null: no such kind of filter. An unknown category or module is not an error, nothing matches it.</summary>
    private static Func<CommandSpec, bool>? Filter(ref ArgReader args)
    {
        if (args.Take("MODULE"u8)) return static _ => false;
        if (args.Take("ACLCAT"u8))
        {
            return AclCategories.TryParse(args.Next(), out var category) ? spec => (spec.Acl & category) != 0 : static _ => false;
        }

        if (!args.Take("PATTERN"u8)) return null;
        var pattern = args.Next().ToArray();
        return spec => Glob.IsMatch(pattern, spec.FullNameBytes, ignoreCase: true);
    }

    private static void CommandGetKeys(CommandContext ctx)
    {
        if (!TryKeysOf(ctx, out var request, out var keys)) return;
        ctx.Reply.Array(keys.Count);
        foreach (var key in keys.AsSpan()) ctx.Reply.Bulk(request.Arg(key.Position));
    }

    private static void CommandGetKeysAndFlags(CommandContext ctx)
    {
        if (!TryKeysOf(ctx, out var request, out var keys)) return;
        ctx.Reply.Array(keys.Count);
        foreach (var key in keys.AsSpan())
        {
            ctx.Reply.Array(2);
            ctx.Reply.Bulk(request.Arg(key.Position));
            CommandFacts.Words(ctx.Reply, KeyFlagNames.Of(key.Flags));
        }
    }

    /// <summary>The keys of the command line that follows. False: an error has been replied.</summary>
    private static bool TryKeysOf(CommandContext ctx, out RequestView request, out KeyPlaces keys)
    {
        request = new RequestView(ctx, first: 2);
        keys = new KeyPlaces();
        var spec = ctx.Engine.Commands.Find(request.Arg(0));
        if (spec is { IsContainer: true } && request.Argc > 1) spec = spec.FindSubcommand(request.Arg(1));

        string? error = null;
        if (spec is null) error = "ERR Invalid command specified";
        else if (!CommandKeys.MayHaveKeys(spec)) error = "ERR The command has no key arguments";
        else if (!spec.AcceptsArgc(request.Argc)) error = "ERR Invalid number of arguments specified for command";
        else
        {
            CommandKeys.Find(spec, request, keys);
            if (keys.Count == 0 && !spec.Has(NoMandatoryKeys)) error = "ERR Invalid arguments specified for command";
        }

        if (error is not null) ctx.Fail(error);
        return error is null;
    }

    private static void CommandHelp(CommandContext ctx) => HelpText.Reply(ctx, "COMMAND",
        "(no subcommand)",
        "    Facts about all commands.",
        "COUNT",
        "    How many commands there are.",
        "DOCS [<command-name> ...]",
        "    Documentation of the named commands, of all when none is named.",
        "GETKEYS <full-command>",
        "    The keys in a whole command line.",
        "GETKEYSANDFLAGS <full-command>",
        "    The keys in a whole command line, and how they are used.",
        "INFO [<command-name> ...]",
        "    Facts about the named commands, about all when none is named.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    Names of commands and subcommands.");
}
