using System.Text;
using RedisLite.Data;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>CLIENT: look at connections and steer them.</summary>
internal static class ClientCommands
{
    public const string InvalidName = "ERR Client names cannot contain spaces, newlines or special characters.";

    public static CommandSpec[] Table() =>
    [
        new("CLIENT", -2, null, None, "")
        {
            Since = "2.4.0", Summary = "Looks at and steers connections.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                .. ClientTrackingCommands.Subcommands(),
                new("GETNAME", 2, ClientGetName, NoScript | Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "2.6.9", Summary = "Gives the name of this connection.", Complexity = "O(1)" },
                new("HELP", 2, ClientHelp, Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("ID", 2, ClientId, NoScript | Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "5.0.0", Summary = "Gives the ID of this connection.", Complexity = "O(1)" },
                new("INFO", 2, ClientInfo, NoScript | Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "6.2.0", Tips = ["nondeterministic_output"],
                  Summary = "Describes this connection in one line.", Complexity = "O(1)" },
                new("KILL", -3, ClientKill, Admin | NoScript | Loading | Stale,
                    "<filter: <old-format: ip:port> | <new-format: [ID client-id@2.8.12] | [TYPE <client-type: NORMAL | MASTER@3.2.0 | SLAVE | "
                    + "REPLICA@5.0.0 | PUBSUB>@2.8.12] | [USER username] | [addr: ADDR ip:port] | [laddr: LADDR ip:port@6.2.0] | [SKIPME <skipme: "
                    + "YES | NO>] | [MAXAGE maxage:int@7.4.0]> [...]>")
                { Acl = AclCategory.Connection, Since = "2.4.0", Summary = "Closes connections by address or by filters.",
                  Complexity = "O(N) in the number of connections" },
                new("LIST", -2, ClientList, Admin | NoScript | Loading | Stale,
                    "[TYPE <client-type: NORMAL | MASTER | REPLICA | PUBSUB>@5.0.0] [ID client-id@6.2.0 [client-id ...]]")
                { Acl = AclCategory.Connection, Since = "2.4.0", Tips = ["nondeterministic_output"],
                  Summary = "Describes connections, one line each.", Complexity = "O(N) in the number of connections" },
                new("NO-EVICT", 3, ClientNoEvict, Admin | NoScript | Loading | Stale, "<enabled: ON | OFF>")
                { Acl = AclCategory.Connection, Since = "7.0.0", Summary = "Exempts this connection from client eviction, or ends that.",
                  Complexity = "O(1)" },
                new("NO-TOUCH", 3, ClientNoTouch, NoScript | Loading | Stale, "<enabled: ON | OFF>")
                { Acl = AclCategory.Connection, Since = "7.2.0",
                  Summary = "Says whether commands of this connection leave last-use times and frequencies of keys alone.", Complexity = "O(1)" },
                new("PAUSE", -3, ClientPause, Admin | NoScript | Loading | Stale, "timeout:int [mode: WRITE | ALL]@6.2.0")
                { Acl = AclCategory.Connection, Since = "3.0.0", Summary = "Holds commands of normal clients back for some time.",
                  Complexity = "O(1)" },
                new("REPLY", 3, ClientReply, NoScript | Loading | Stale, "<action: ON | OFF | SKIP>")
                { Acl = AclCategory.Connection, Since = "3.2.0", Summary = "Says whether this connection gets replies at all.",
                  Complexity = "O(1)" },
                new("SETINFO", 4, ClientSetInfo, NoScript | Loading | Stale, "<attr: LIB-NAME libname | LIB-VER libver>")
                { Acl = AclCategory.Connection, Since = "7.2.0", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                  Summary = "Tells the server the name or version of the client library.", Complexity = "O(1)" },
                new("SETNAME", 3, ClientSetName, NoScript | Loading | Stale, "connection-name")
                { Acl = AclCategory.Connection, Since = "2.6.9", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                  Summary = "Names this connection.", Complexity = "O(1)" },
                new("UNBLOCK", -3, ClientUnblock, Admin | NoScript | Loading | Stale, "client-id [unblock-type: TIMEOUT | ERROR]")
                { Acl = AclCategory.Connection, Since = "5.0.0", Summary = "Wakes a client that waits in a blocking command.",
                  Complexity = "O(log N) in the number of connections" },
                new("UNPAUSE", 2, ClientUnpause, Admin | NoScript | Loading | Stale, "")
                { Acl = AclCategory.Connection, Since = "6.2.0", Summary = "Lets paused clients go on.",
                  Complexity = "O(N) in the number of paused clients" },
            ],
        },
    ];

    /// <summary>Printable ASCII without space: anything else would break CLIENT LIST.</summary>
    public static bool IsValidName(ReadOnlySpan<byte> name) => name.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;

    private static void ClientId(CommandContext ctx) => ctx.Reply.Integer(ctx.Client.Id);

    private static void ClientGetName(CommandContext ctx)
    {
        if (ctx.Client.Name.Length == 0) ctx.Reply.Null();
        else ctx.Reply.Bulk(Encoding.Latin1.GetBytes(ctx.Client.Name));
    }

    private static void ClientSetName(CommandContext ctx)
    {
        if (!IsValidName(ctx.Arg(2)))
        {
            ctx.Fail(InvalidName);
            return;
        }

        ctx.Client.Name = ctx.ArgText(2);
        ctx.Reply.Ok();
    }

    private static void ClientSetInfo(CommandContext ctx)
    {
        var isName = ctx.ArgIs(2, "LIB-NAME"u8);
        if (!isName && !ctx.ArgIs(2, "LIB-VER"u8))
        {
            ctx.Fail($"ERR Unrecognized option '{ctx.ArgText(2)}'");
            return;
        }

        if (!IsValidName(ctx.Arg(3)))
        {
            ctx.Fail($"ERR {ctx.ArgText(2)} cannot contain spaces, newlines or special characters.");
            return;
        }

        if (isName) ctx.Client.LibName = ctx.ArgText(3);
        else ctx.Client.LibVersion = ctx.ArgText(3);
        ctx.Reply.Ok();
    }

    private static void ClientInfo(CommandContext ctx) => ctx.Reply.Verbatim(Latin1(ClientText.Describe(ctx.Client) + "\n"), "txt"u8);

    private static void ClientList(CommandContext ctx)
    {
        var text = new StringBuilder();
        var clients = ctx.Engine.Clients.All;
        if (ctx.Argc == 4 && ctx.ArgIs(2, "TYPE"u8))
        {
            if (TypeOf(ctx, ctx.Arg(3)) is not { } type) return;
            clients = clients.Where(type);
        }
        else if (ctx.Argc > 3 && ctx.ArgIs(2, "ID"u8))
        {
            var ids = new List<Client>();
            for (var i = 3; i < ctx.Argc; i++)
            {
                if (!ctx.TryInt64(i, out var id, "ERR Invalid client ID")) return;
                if (ctx.Engine.Clients.Find(id) is { } client) ids.Add(client);
            }

            clients = ids;
        }
        else if (ctx.Argc > 2)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        foreach (var client in clients) text.Append(ClientText.Describe(client)).Append('\n');
        ctx.Reply.Verbatim(Latin1(text.ToString()), "txt"u8);
    }

    /// <summary>The filter behind a client type's name, or null with the error replied.</summary>
    private static Func<Client, bool>? TypeOf(CommandContext ctx, ReadOnlySpan<byte> name)
    {
        if (Ascii.EqualsIgnoreCase(name, "NORMAL"u8)) return client => !client.Has(ClientFlags.Replica) && client.Subscriptions is null or { IsEmpty: true };
        if (Ascii.EqualsIgnoreCase(name, "PUBSUB"u8)) return client => client.Subscriptions is { IsEmpty: false };
        if (Ascii.EqualsIgnoreCase(name, "REPLICA"u8) || Ascii.EqualsIgnoreCase(name, "SLAVE"u8)) return client => client.Has(ClientFlags.Replica);
        if (Ascii.EqualsIgnoreCase(name, "MASTER"u8)) return static _ => false;
        ctx.Fail($"ERR Unknown client type '{Encoding.Latin1.GetString(name)}'");
        return null;
    }

    /// <summary>CLIENT KILL ip:port, or filters of which all must hold.</summary>
    private static void ClientKill(CommandContext ctx)
    {
        if (ctx.Argc == 3)
        {
            var address = ctx.ArgText(2);
            var victim = ctx.Engine.Clients.All.FirstOrDefault(client => client.Connection.RemoteAddress == address);
            if (victim is null)
            {
                ctx.Fail("ERR No such client");
                return;
            }

            Kill(ctx, victim);
            ctx.Reply.Ok();
            return;
        }

        if (ParseKillFilters(ctx, out var skipMe) is not { } filters) return;
        var killed = 0;
        foreach (var client in ctx.Engine.Clients.All.ToArray())
        {
            if ((skipMe && client == ctx.Client) || !filters.TrueForAll(filter => filter(client))) continue;
            Kill(ctx, client);
            killed++;
        }

        ctx.Reply.Integer(killed);
    }

    private static List<Func<Client, bool>>? ParseKillFilters(CommandContext ctx, out bool skipMe)
    {
        skipMe = true;
        var filters = new List<Func<Client, bool>>();
        for (var i = 2; i < ctx.Argc; i += 2)
        {
            if (i + 1 >= ctx.Argc)
            {
                ctx.Fail(Errors.Syntax);
                return null;
            }

            var value = ctx.ArgText(i + 1);
            if (ctx.ArgIs(i, "ID"u8))
            {
                if (!NumberText.TryParseInt64(ctx.Arg(i + 1), out var id) || id < 1)
                {
                    ctx.Fail("ERR client-id should be greater than 0");
                    return null;
                }

                filters.Add(client => client.Id == id);
            }
            else if (ctx.ArgIs(i, "TYPE"u8))
            {
                if (TypeOf(ctx, ctx.Arg(i + 1)) is not { } type) return null;
                filters.Add(type);
            }
            else if (ctx.ArgIs(i, "ADDR"u8)) filters.Add(client => client.Connection.RemoteAddress == value);
            else if (ctx.ArgIs(i, "LADDR"u8)) filters.Add(client => client.Connection.LocalAddress == value);
            else if (ctx.ArgIs(i, "USER"u8))
            {
                if (ctx.Engine.Accounts.Find(ctx.Arg(i + 1)) is not { } user)
                {
                    ctx.Fail($"ERR No such user '{value}'");
                    return null;
                }

                filters.Add(client => client.User == user);
            }
            else if (ctx.ArgIs(i, "MAXAGE"u8))
            {
                if (ParseMaxAge(ctx, i + 1) is not { } maxAge) return null;
                filters.Add(client => (ctx.NowMs - client.CreatedMs) / 1000 >= maxAge);
            }
            else if (ctx.ArgIs(i, "SKIPME"u8) && ctx.ArgIs(i + 1, "YES"u8)) skipMe = true;
            else if (ctx.ArgIs(i, "SKIPME"u8) && ctx.ArgIs(i + 1, "NO"u8)) skipMe = false;
            else
            {
                ctx.Fail(Errors.Syntax);
                return null;
            }
        }

        return filters;
    }

    /// <summary>Seconds.</summary>
    private static long? ParseMaxAge(CommandContext ctx, int at)
    {
        if (!NumberText.TryParseInt64(ctx.Arg(at), out var seconds)) ctx.Fail("ERR maxage is not an integer or out of range");
        else if (seconds < 1) ctx.Fail("ERR maxage should be greater than 0");
        else return seconds;
        return null;
    }

    private static void Kill(CommandContext ctx, Client client)
    {
        if (client == ctx.Client) client.Set(ClientFlags.CloseAfterReply);      // it still gets its answer
        else client.CloseNow();
    }

    private static void ClientNoEvict(CommandContext ctx) => Switch(ctx, ClientFlags.NoEvict);

    private static void ClientNoTouch(CommandContext ctx) => Switch(ctx, ClientFlags.NoTouch);

    private static void Switch(CommandContext ctx, ClientFlags flag)
    {
        if (ctx.ArgIs(2, "ON"u8)) ctx.Client.Set(flag);
        else if (ctx.ArgIs(2, "OFF"u8)) ctx.Client.Clear(flag);
        else
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        ctx.Reply.Ok();
    }

    private static void ClientPause(CommandContext ctx)
    {
        if (ctx.HasMoreArgsThan(4)) return;
        var all = true;
        if (ctx.Argc == 4 && ctx.ArgIs(3, "WRITE"u8)) all = false;
        else if (ctx.Argc == 4 && !ctx.ArgIs(3, "ALL"u8))
        {
            ctx.Fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
        var args = ctx.ArgsFrom(2);
        var timeout = args.NextInt64("ERR timeout is not an integer or out of range");
        if (timeout < 0) args.Fail(Errors.TimeoutNegative);
        if (timeout > long.MaxValue - ctx.NowMs) args.Fail("ERR timeout is out of range");
        if (args.Failed()) return;
        ctx.Engine.Pause.Start(ctx.NowMs + timeout, all, ctx.NowMs);
        ctx.Reply.Ok();
    }

    private static void ClientUnpause(CommandContext ctx)
    {
        ctx.Engine.Pause.End();
        ctx.Reply.Ok();
    }

    private static void ClientReply(CommandContext ctx)
    {
        var client = ctx.Client;
        if (ctx.ArgIs(2, "ON"u8))
        {
            client.Clear(ClientFlags.ReplyOff | ClientFlags.ReplySkip | ClientFlags.ReplySkipNext);
            ctx.Reply.Ok();
        }
        else if (ctx.ArgIs(2, "OFF"u8)) client.Set(ClientFlags.ReplyOff);
        else if (ctx.ArgIs(2, "SKIP"u8))
        {
            if (!client.Has(ClientFlags.ReplyOff)) client.Set(ClientFlags.ReplySkipNext);
        }
        else ctx.Fail(Errors.Syntax);
    }

    private static void ClientUnblock(CommandContext ctx)
    {
        if (ctx.HasMoreArgsThan(4)) return;
        var error = ctx.Argc == 4 && ctx.ArgIs(3, "ERROR"u8);
        if (ctx.Argc == 4 && !error && !ctx.ArgIs(3, "TIMEOUT"u8))
        {
            ctx.Fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
            return;
        }
        if (!ctx.TryInt64(2, out var id)) return;

        var client = ctx.Engine.Clients.Find(id);
        var blocked = client?.Blocked is not null;
        if (blocked && error) ctx.Spec.FailedCalls++;                      // redis-server counts the error to both commands
        if (blocked) ctx.Engine.Blocked.Release(client!, error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : null);
        ctx.Reply.Integer(blocked ? 1 : 0);
    }

    private static void ClientHelp(CommandContext ctx) => HelpText.Reply(ctx, "CLIENT",
        "CACHING (YES|NO)", "    Track the keys that the next command reads, or do not (OPTIN, OPTOUT).",
        "GETREDIR", "    Give the ID of the connection that tracking messages go to.",
        "GETNAME", "    Give the name of this connection.",
        "ID", "    Give the ID of this connection.",
        "INFO", "    Describe this connection.",
        "KILL <ip:port>", "    Close the connection from that address.",
        "KILL <option> <value> [<option> <value> [...]]", "    Close connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)", "      Connections from that address.",
        "    * LADDR (<ip:port>|<unixsocket>:0)", "      Connections to that address.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "      Connections of that type.",
        "    * USER <username>", "      Connections of that user.",
        "    * MAXAGE <seconds>", "      Connections that are at least so old.",
        "    * SKIPME (YES|NO)", "      Leave this connection out (default: yes).",
        "LIST [options ...]", "    Describe connections. Options are:",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "      Connections of that type.",
        "    * ID <client-id> [<client-id> [...]]", "      Connections with these IDs.",
        "NO-EVICT (ON|OFF)", "    Exempt this connection from client eviction.",
        "NO-TOUCH (ON|OFF)", "    Leave LRU/LFU of keys alone for commands of this connection.",
        "PAUSE <timeout> [WRITE|ALL]", "    Hold back all (or writing) commands for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)", "    Steer the replies to this connection.",
        "SETINFO <option> <value>", "    Tell LIB-NAME or LIB-VER of the client library.",
        "SETNAME <name>", "    Name this connection.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]", "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Say whether this connection is told about changes of keys it caches.",
        "TRACKINGINFO", "    Tell how this connection tracks keys.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]", "    Wake a blocked client.",
        "UNPAUSE", "    End the pause.");

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
