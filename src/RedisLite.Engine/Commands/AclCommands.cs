using System.Text;
using RedisLite.Engine.Acl;
using RedisLite.Protocol;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>ACL: users and what they may do. The rules themselves are read by <see cref="AclRules"/> and kept by <see cref="Accounts"/>.</summary>
internal static class AclCommands
{
    private const CommandFlags Open = NoScript | Loading | Stale;
    private const CommandFlags Guarded = Admin | Open;
    private const int GenPassBitsMax = 4096;
    private const int LogEntriesShown = 10;

    private static readonly string[] EveryNode = ["request_policy:all_nodes", "response_policy:all_succeeded"];

    public static CommandSpec[] Table() =>
    [
        new("ACL", -2, null, None, "")
        {
            Since = "6.0.0", Summary = "Manages users and what they may do.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("CAT", -2, AclCat, Open, "[category]")
                { Since = "6.0.0", Summary = "Gives the categories of commands, or the commands of one.", Complexity = "O(1), O(N) in the number of commands for one category" },
                new("DELUSER", -3, AclDelUser, Guarded, "username [username ...]")
                { Since = "6.0.0", Tips = EveryNode, Summary = "Deletes users and closes their connections.", Complexity = "O(1) for each user" },
                new("DRYRUN", -4, AclDryRun, Guarded, "username command [arg [arg ...]]")
                { Since = "7.0.0", Summary = "Tells whether a user may run a command, without running it.", Complexity = "O(1)" },
                new("GENPASS", -2, AclGenPass, Open, "[bits:int]")
                { Since = "6.0.0", Summary = "Makes a password that nobody guesses.", Complexity = "O(1)" },
                new("GETUSER", 3, AclGetUser, Guarded, "username")
                { Since = "6.0.0", Summary = "Gives the rules of a user.", Complexity = "O(N) in the number of rules" },
                new("HELP", 2, AclHelp, Loading | Stale, "")
                { Since = "6.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("LIST", 2, AclList, Guarded, "")
                { Since = "6.0.0", Summary = "Gives all users with their rules, as the ACL file has them.", Complexity = "O(N) in the number of users" },
                new("LOAD", 2, AclLoad, Guarded, "")
                { Since = "6.0.0", Summary = "Reads the users anew from the ACL file.", Complexity = "O(N) in the number of users" },
                new("LOG", -2, AclLog, Guarded, "[operation: count:int | RESET]")
                { Since = "6.0.0", Summary = "Gives the latest refusals, or forgets them.", Complexity = "O(N) in the number of entries" },
                new("SAVE", 2, AclSave, Guarded, "")
                { Since = "6.0.0", Tips = EveryNode, Summary = "Writes the users to the ACL file.", Complexity = "O(N) in the number of users" },
                new("SETUSER", -3, AclSetUser, Guarded, "username [rule [rule ...]]")
                { Since = "6.0.0", Tips = EveryNode, Summary = "Makes a user, or changes its rules.", Complexity = "O(N) in the number of rules" },
                new("USERS", 2, AclUsers, Guarded, "")
                { Since = "6.0.0", Summary = "Gives the names of all users.", Complexity = "O(N) in the number of users" },
                new("WHOAMI", 2, AclWhoAmI, Open, "")
                { Since = "6.0.0", Summary = "Gives the name of the user of this connection.", Complexity = "O(1)" },
            ],
        },
    ];

    private static void AclWhoAmI(CommandContext ctx) => Text(ctx.Reply, ctx.Client.User.Name);

    private static void AclUsers(CommandContext ctx)
    {
        ctx.Reply.Array(ctx.Engine.Accounts.All.Count);
        foreach (var user in ctx.Engine.Accounts.All) Text(ctx.Reply, user.Name);
    }

    private static void AclList(CommandContext ctx)
    {
        ctx.Reply.Array(ctx.Engine.Accounts.All.Count);
        foreach (var user in ctx.Engine.Accounts.All) Text(ctx.Reply, user.ToString());
    }

    private static void AclSetUser(CommandContext ctx)
    {
        for (var i = 2; i < ctx.Argc; i++) ctx.HideArg(i);
        if (!Accounts.IsValidName(ctx.Arg(2)))
        {
            ctx.Fail("ERR Usernames can't contain spaces or null characters");
            return;
        }

        var words = new byte[ctx.Argc - 3][];
        for (var i = 0; i < words.Length; i++) words[i] = ctx.Arg(i + 3).ToArray();
        if (AclRules.Join(words, out var unmatched) is not { } rules)
        {
            ctx.Fail($"ERR Unmatched parenthesis in acl selector starting at '{CommandGate.Shown(words[unmatched], int.MaxValue)}'.");
            return;
        }

        var accounts = ctx.Engine.Accounts;
        if (accounts.Draft(NameIn(ctx, 2), rules, out var wrong, out var error) is not { } draft)
        {
            ctx.Fail($"ERR Error in ACL SETUSER modifier '{CommandGate.Shown(wrong, int.MaxValue)}': {error}");
            return;
        }

        accounts.Put(draft, ctx.Client);
        ctx.Reply.Ok();
    }

    private static void AclDelUser(CommandContext ctx)
    {
        for (var i = 2; i < ctx.Argc; i++) ctx.HideArg(i);
        var accounts = ctx.Engine.Accounts;
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (!ctx.Arg(i).SequenceEqual("default"u8)) continue;
            ctx.Fail("ERR The 'default' user cannot be removed");
            return;
        }

        var removed = 0;
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (accounts.Find(ctx.Arg(i)) is not { } user) continue;
            accounts.Remove(user, ctx.Client);
            removed++;
        }
        ctx.Reply.Integer(removed);
    }

    private static void AclGetUser(CommandContext ctx)
    {
        if (ctx.Engine.Accounts.Find(ctx.Arg(2)) is not { } user)
        {
            ctx.Reply.Null();
            return;
        }

        var reply = ctx.Reply;
        reply.Map(6);
        reply.Bulk("flags"u8);
        var flags = user.Flags.ToArray();
        reply.Set(flags.Length);
        foreach (var flag in flags) Text(reply, flag);
        reply.Bulk("passwords"u8);
        reply.Array(user.PasswordHashes.Count);
        foreach (var hash in user.PasswordHashes) Text(reply, Convert.ToHexStringLower(hash));
        ReplySelector(reply, user.Root);
        reply.Bulk("selectors"u8);
        reply.Array(user.Selectors.Count - 1);
        foreach (var selector in user.Selectors.Skip(1))
        {
            reply.Map(3);
            ReplySelector(reply, selector);
        }
    }

    private static void ReplySelector(ReplyWriter reply, AclSelector selector)
    {
        reply.Bulk("commands"u8);
        Text(reply, selector.Commands.ToString());
        reply.Bulk("keys"u8);
        Text(reply, selector.KeysText);
        reply.Bulk("channels"u8);
        Text(reply, selector.ChannelsText);
    }

    private static void AclCat(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(ctx.SubcommandSyntaxError);
            return;
        }

        if (ctx.Argc == 2)
        {
            ctx.Reply.Array(AclCategories.Names.Length);
            foreach (var name in AclCategories.Names) Text(ctx.Reply, name);
            return;
        }

        if (!AclCategories.TryParse(ctx.Arg(2), out var category))
        {
            ctx.Fail($"ERR Unknown category '{CommandGate.Shown(ctx.Arg(2), int.MaxValue)}'");
            return;
        }

        var members = ctx.Engine.Commands.All.Where(spec => (spec.Acl & category) != 0).ToArray();
        ctx.Reply.Array(members.Length);
        foreach (var spec in members) ctx.Reply.Bulk(spec.FullNameBytes);
    }

    private static void AclDryRun(CommandContext ctx)
    {
        if (ctx.Engine.Accounts.Find(ctx.Arg(2)) is not { } user)
        {
            ctx.Fail($"ERR User '{CommandGate.Shown(ctx.Arg(2), int.MaxValue)}' not found");
            return;
        }

        var request = new RequestView(ctx, first: 3);
        var spec = ctx.Engine.Commands.Find(request.Arg(0));
        if (spec is { IsContainer: true } && request.Argc > 1) spec = spec.FindSubcommand(request.Arg(1));
        if (spec is null)
        {
            ctx.Fail($"ERR Command '{CommandGate.Shown(request.Arg(0), int.MaxValue)}' not found");
            return;
        }

        if (!spec.AcceptsArgc(request.Argc))
        {
            ctx.Fail(Errors.WrongArity(spec.FullName));
            return;
        }

        var verdict = ctx.Engine.Accounts.Check(user, spec, request);
        if (verdict.IsAllowed) ctx.Reply.Ok();
        else Text(ctx.Reply, Accounts.Describe(user, verdict, spec, request, named: true));
    }

    private static void AclGenPass(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(ctx.SubcommandSyntaxError);
            return;
        }

        var bits = 256L;
        if (ctx.Argc == 3 && !ctx.TryInt64(2, out bits)) return;
        if (bits is <= 0 or > GenPassBitsMax)
        {
            ctx.Fail("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096");
            return;
        }

        var digits = (int)(bits + 3) / 4;
        var secret = new byte[(digits + 1) / 2];
        ctx.Engine.Environment.FillSecret(secret);
        Text(ctx.Reply, Convert.ToHexStringLower(secret)[..digits]);
    }

    private static void AclLog(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(ctx.SubcommandSyntaxError);
            return;
        }

        var log = ctx.Engine.Accounts.Log;
        if (ctx.Argc == 3 && ctx.ArgIs(2, "RESET"u8))
        {
            log.Clear();
            ctx.Reply.Ok();
            return;
        }

        var count = (long)LogEntriesShown;
        if (ctx.Argc == 3 && !ctx.TryInt64(2, out count)) return;
        count = Math.Clamp(count, 0, log.Count);
        ctx.Reply.Array(count);
        foreach (var entry in log.Entries.Take((int)count)) ReplyEntry(ctx, entry);
    }

    private static void ReplyEntry(CommandContext ctx, AclLogEntry entry)
    {
        var reply = ctx.Reply;
        reply.Map(10);
        reply.Bulk("count"u8);
        reply.Integer(entry.Count);
        reply.Bulk("reason"u8);
        reply.Bulk(NameOf(entry.Reason));
        reply.Bulk("context"u8);
        reply.Bulk(NameOf(entry.Context));
        reply.Bulk("object"u8);
        reply.Bulk(entry.Object);
        reply.Bulk("username"u8);
        Text(reply, entry.UserName);
        reply.Bulk("age-seconds"u8);
        reply.Double((ctx.NowMs - entry.UpdatedMs) / 1000.0);
        reply.Bulk("client-info"u8);
        Text(reply, entry.ClientInfo);
        reply.Bulk("entry-id"u8);
        reply.Integer(entry.Id);
        reply.Bulk("timestamp-created"u8);
        reply.Integer(entry.CreatedMs);
        reply.Bulk("timestamp-last-updated"u8);
        reply.Integer(entry.UpdatedMs);
    }

    private static ReadOnlySpan<byte> NameOf(AclReason reason) => reason switch
    {
        AclReason.Command => "command"u8,
        AclReason.Key => "key"u8,
        AclReason.Channel => "channel"u8,
        _ => "auth"u8,
    };

    private static ReadOnlySpan<byte> NameOf(AclContext context) => context switch
    {
        AclContext.Multi => "multi"u8,
        AclContext.Lua => "lua"u8,
        AclContext.Module => "module"u8,
        _ => "toplevel"u8,
    };

    private static void AclSave(CommandContext ctx)
    {
        if (!HasFile(ctx)) return;
        if (ctx.Engine.AclFile.Save()) ctx.Reply.Ok();
        else ctx.Fail("ERR There was an error trying to save the ACLs. Please check the server logs for more information");
    }

    private static void AclLoad(CommandContext ctx)
    {
        if (!HasFile(ctx)) return;
        if (ctx.Engine.AclFile.Load(ctx.Client) is { } error) ctx.Fail("ERR " + error);
        else ctx.Reply.Ok();
    }

    private static bool HasFile(CommandContext ctx)
    {
        if (ctx.Engine.AclFile.IsConfigured) return true;
        ctx.Fail("ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a "
            + "CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.");
        return false;
    }

    private static void AclHelp(CommandContext ctx) => HelpText.Reply(ctx, "ACL",
        "CAT [<category>]", "    The commands of a category, or the categories.",
        "DELUSER <username> [<username> ...]", "    Delete users and close their connections.",
        "DRYRUN <username> <command> [<arg> ...]", "    Tell whether the user may run the command.",
        "GETUSER <username>", "    The rules of a user.",
        "GENPASS [<bits>]", "    Make a password of so many bits (256).",
        "LIST", "    All users with their rules.",
        "LOAD", "    Read the users anew from the ACL file.",
        "LOG [<count> | RESET]", "    The latest refusals, or forget them.",
        "SAVE", "    Write the users to the ACL file.",
        "SETUSER <username> <rule> [<rule> ...]", "    Make a user, or change its rules.",
        "USERS", "    The names of all users.",
        "WHOAMI", "    The user of this connection.");

    private static string NameIn(CommandContext ctx, int i) => Encoding.Latin1.GetString(ctx.Arg(i));

    /// <summary>Names and rules are text of one char a byte.</summary>
    private static void Text(ReplyWriter reply, string text) => reply.Bulk(Encoding.Latin1.GetBytes(text));
}
