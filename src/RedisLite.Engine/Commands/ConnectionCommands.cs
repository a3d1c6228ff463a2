using System.Text;
using RedisLite.Data;
using RedisLite.Engine.Transactions;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Who is there, which protocol, which database, and goodbye. CLIENT has a file of its own.</summary>
internal static class ConnectionCommands
{
    public static CommandSpec[] Table() =>
    [
        new("AUTH", -2, Auth, NoScript | Loading | Stale | Fast | NoAuth | AllowBusy | Sensitive, "[username@6.0.0] password")
        { Acl = AclCategory.Connection, Since = "1.0.0", Summary = "Authenticates the connection.",
          Complexity = "O(N) in the passwords of the user" },
        new("ECHO", 2, Echo, Loading | Stale | Fast, "message")
        { Acl = AclCategory.Connection, Since = "1.0.0", Summary = "Sends the message back.", Complexity = "O(1)" },
        new("HELLO", -1, Hello, NoScript | Loading | Stale | Fast | NoAuth | AllowBusy,
            "[arguments: protover [AUTH <auth: username password>] [SETNAME clientname]]")
        { Acl = AclCategory.Connection, Since = "6.0.0",
          Summary = "Agrees on the protocol version, may authenticate and name the connection, and tells about the server.", Complexity = "O(1)" },
        new("PING", -1, Ping, Fast, "[message]")
        { Acl = AclCategory.Connection, Since = "1.0.0", Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
          Summary = "Answers PONG, or sends the message back.", Complexity = "O(1)" },
        new("QUIT", -1, Quit, NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, "")
        { Acl = AclCategory.Connection, Since = "1.0.0", DeprecatedSince = "7.2.0", ReplacedBy = "closing the connection",
          Summary = "Closes the connection.", Complexity = "O(1)" },
        new("RESET", 1, Reset, NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, "")
        { Acl = AclCategory.Connection, Since = "6.2.0", Summary = "Puts the connection back into the state of a new one.", Complexity = "O(1)" },
        new("SELECT", 2, Select, Loading | Stale | Fast, "index")
        { Acl = AclCategory.Connection, Since = "1.0.0", Summary = "Chooses the database of the connection.", Complexity = "O(1)" },
    ];

    private static void Auth(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var accounts = ctx.Engine.Accounts;
        var name = ctx.Argc == 3 ? ctx.Arg(1) : "default"u8;
        var password = ctx.Arg(ctx.Argc - 1);
        if (ctx.Argc == 2 && ctx.Config.AuthAccountInPassword) accounts.SplitAccount(ref name, ref password);
        if (ctx.Argc == 2 && name.SequenceEqual("default"u8) && accounts.Default.NoPass)
        {
            ctx.Fail("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?");
            return;
        }

        if (HasLoggedIn(ctx, name, password)) ctx.Reply.Ok();
    }

    /// <summary>False: the error has been replied.</summary>
    private static bool HasLoggedIn(CommandContext ctx, ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        if (ctx.Engine.Accounts.TryLogin(ctx, name, password)) return true;
        ctx.Fail(Errors.WrongPass);
        return false;
    }

    /// <summary>HELLO [protover [AUTH user pass] [SETNAME name]]: nothing changes unless everything is right.</summary>
    private static void Hello(CommandContext ctx)
    {
        var version = ctx.Reply.Protocol;
        var args = ctx.ArgsFrom(1);
        if (args.More)
        {
            var wanted = args.NextInt64("ERR Protocol version is not an integer or out of range");
            if (args.HasFailed)
            {
                ctx.Fail("ERR Protocol version is not an integer or out of range");
                return;
            }

            if (wanted is < 2 or > 3)
            {
                ctx.Fail("NOPROTO unsupported protocol version");
                return;
            }

            version = (int)wanted;
        }

        ReadOnlySpan<byte> user = default, password = default, name = default;
        var auth = false;
        var setName = false;
        while (args.More)
        {
            if (args.Peek("AUTH"u8) && args.Left >= 3)
            {
                args.Next();
                ctx.HideArg(args.Position);
                ctx.HideArg(args.Position + 1);
                user = args.Next();
                password = args.Next();
                auth = true;
            }
            else if (args.Peek("SETNAME"u8) && args.Left >= 2)
            {
                args.Next();
                name = args.Next();
                setName = true;
            }
            else
            {
                ctx.Fail($"ERR Syntax error in HELLO option '{ctx.ArgText(args.Position)}'");
                return;
            }
        }

        if (setName && !ClientCommands.IsValidName(name))
        {
            ctx.Fail(ClientCommands.InvalidName);
            return;
        }

        if (auth && !HasLoggedIn(ctx, user, password)) return;
        if (ctx.Engine.AwaitsAuth(ctx.Client))
        {
            ctx.Fail("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
                + "authenticate the client and select the RESP protocol version at the same time");
            return;
        }

        if (setName) ctx.Client.Name = Encoding.Latin1.GetString(name);
        ctx.Reply.Protocol = version;
        ReplyServerFacts(ctx);
    }

    private static void ReplyServerFacts(CommandContext ctx)
    {
        var reply = ctx.Reply;
        reply.Map(7);
        reply.Bulk("server"u8);
        reply.Bulk("redis"u8);
        reply.Bulk("version"u8);
        reply.Bulk(ServerVersion.Redis);
        reply.Bulk("proto"u8);
        reply.Integer(reply.Protocol);
        reply.Bulk("id"u8);
        reply.Integer(ctx.Client.Id);
        reply.Bulk("mode"u8);
        reply.Bulk("standalone"u8);
        reply.Bulk("role"u8);
        reply.Bulk(ctx.Engine.IsReplica ? "replica"u8 : "master"u8);
        reply.Bulk("modules"u8);
        reply.Array(0);
    }

    private static void Ping(CommandContext ctx)
    {
        if (ctx.Argc > 2)
        {
            ctx.Fail(Errors.WrongArity("ping"));
            return;
        }

        if (ctx.Client.Has(ClientFlags.Subscribed) && ctx.Reply.Protocol == 2)
        {
            ctx.Reply.Array(2);
            ctx.Reply.Bulk("pong"u8);
            ctx.Reply.Bulk(ctx.Argc == 2 ? ctx.Arg(1) : default);
        }
        else if (ctx.Argc == 2)
        {
            ctx.Reply.Bulk(ctx.Arg(1));
        }
        else
        {
            ctx.Reply.Simple("PONG"u8);
        }
    }

    private static void Echo(CommandContext ctx) => ctx.Reply.Bulk(ctx.Arg(1));

    private static void Select(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(1);
        var index = args.NextDatabase();
        if (args.Failed()) return;
        ctx.Select(index);
        ctx.Reply.Ok();
    }

    private static void Quit(CommandContext ctx)
    {
        ctx.Reply.Ok();
        ctx.Client.Set(ClientFlags.CloseAfterReply);
    }

    /// <summary>The session as it was when the connection was made.</summary>
    private static void Reset(CommandContext ctx)
    {
        var client = ctx.Client;
        TransactionState.Discard(client);
        ctx.Engine.Monitors.Remove(client);
        ctx.Engine.PubSub.UnsubscribeAll(client);
        ctx.Engine.Tracking.Disable(client);
        client.Reply.Protocol = 2;
        client.Name = "";
        client.Clear(ClientFlags.ReplyOff | ClientFlags.ReplySkip | ClientFlags.ReplySkipNext | ClientFlags.NoTouch | ClientFlags.NoEvict);
        ctx.Engine.Accounts.Enter(client);
        ctx.Select(0);
        ctx.Reply.Simple("RESET"u8);
    }
}
