using RedisLite.Engine.Tracking;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>The subcommands of CLIENT for client-side caching.</summary>
internal static class ClientTrackingCommands
{
    public static CommandSpec[] Subcommands() =>
    [
        new("CACHING", 3, ClientCaching, NoScript | Loading | Stale, "<mode: YES | NO>")
        { Acl = AclCategory.Connection, Since = "6.0.0", Summary = "Says whether the keys that the next command reads are tracked.",
          Complexity = "O(1)" },
        new("GETREDIR", 2, ClientGetRedir, NoScript | Loading | Stale, "")
        { Acl = AclCategory.Connection, Since = "6.0.0", Summary = "Gives the ID of the connection that tracking messages are redirected to.",
          Complexity = "O(1)" },
        new("TRACKING", -3, ClientTracking, NoScript | Loading | Stale,
            "<status: ON | OFF> [REDIRECT client-id:int] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]")
        { Acl = AclCategory.Connection, Since = "6.0.0", Summary = "Switches tracking for client-side caching on or off.",
          Complexity = "O(1). Some options may take more." },
        new("TRACKINGINFO", 2, ClientTrackingInfo, NoScript | Loading | Stale, "")
        { Acl = AclCategory.Connection, Since = "6.2.0", Summary = "Tells how this connection tracks keys.", Complexity = "O(1)" },
    ];

    private static void ClientTracking(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(3);
        var options = TrackingOptions.None;
        long redirectTo = 0;
        var prefixes = new List<byte[]>();
        while (args.More)
        {
            if (args.Left > 1 && args.Take("REDIRECT"u8))
            {
                if (redirectTo != 0) args.Fail("ERR A client can only redirect to a single other client");
                redirectTo = args.NextInt64();
                if (ctx.Engine.Clients.Find(redirectTo) is null) args.Fail("ERR The client ID you want redirect to does not exist");
            }
            else if (args.Take("BCAST"u8)) options |= TrackingOptions.Broadcast;
            else if (args.Take("OPTIN"u8)) options |= TrackingOptions.OptIn;
            else if (args.Take("OPTOUT"u8)) options |= TrackingOptions.OptOut;
            else if (args.Take("NOLOOP"u8)) options |= TrackingOptions.NoLoop;
            else if (args.Left > 1 && args.Take("PREFIX"u8)) prefixes.Add(args.Next().ToArray());
            else args.Unexpected();
        }

        if (args.Failed()) return;
        if (ctx.ArgIs(2, "ON"u8))
        {
            if (Contradiction(ctx.Client, options, prefixes) is { } error)
            {
                ctx.Fail(error);
                return;
            }

            ctx.Engine.Tracking.Enable(ctx.Client, options, redirectTo, prefixes);
        }
        else if (ctx.ArgIs(2, "OFF"u8)) ctx.Engine.Tracking.Disable(ctx.Client);
        else
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        ctx.Reply.Ok();
    }

    /// <summary>Options that exclude each other, or that cannot follow on the mode the client is in.</summary>
    private static string? Contradiction(Client client, TrackingOptions options, List<byte[]> prefixes)
    {
        var current = client.Tracking?.Options ?? options;
        var broadcast = (options & TrackingOptions.Broadcast) != 0;
        var optIn = (options & TrackingOptions.OptIn) != 0;
        var optOut = (options & TrackingOptions.OptOut) != 0;
        if (!broadcast && prefixes.Count > 0) return "ERR PREFIX option requires BCAST mode to be enabled";
        if (((options ^ current) & TrackingOptions.Broadcast) != 0)
        {
            return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
        }

        if (broadcast && (optIn || optOut)) return "ERR OPTIN and OPTOUT are not compatible with BCAST";
        if (optIn && optOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
        if ((optIn && (current & TrackingOptions.OptOut) != 0) || (optOut && (current & TrackingOptions.OptIn) != 0))
        {
            return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
        }

        return broadcast ? Tracking.ClientTracking.Overlap(client, prefixes) : null;
    }

    private static void ClientCaching(CommandContext ctx)
    {
        var client = ctx.Client;
        if (client.Tracking is not { } state)
        {
            ctx.Fail("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
            return;
        }

        var yes = ctx.ArgIs(2, "YES"u8);
        if (!yes && !ctx.ArgIs(2, "NO"u8)) ctx.Fail(Errors.Syntax);
        else if (yes && !state.Has(TrackingOptions.OptIn)) ctx.Fail("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
        else if (!yes && !state.Has(TrackingOptions.OptOut)) ctx.Fail("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
        else
        {
            client.Set(ClientFlags.Caching);
            ctx.Reply.Ok();
        }
    }

    private static void ClientGetRedir(CommandContext ctx) => ctx.Reply.Integer(ctx.Client.Tracking?.RedirectTo ?? -1);

    private static void ClientTrackingInfo(CommandContext ctx)
    {
        var state = ctx.Client.Tracking;
        var reply = ctx.Reply;
        reply.Map(3);
        reply.Bulk("flags"u8);
        var flags = Flags(ctx.Client, state);
        reply.Set(flags.Count);
        foreach (var flag in flags) reply.Bulk(flag);
        reply.Bulk("redirect"u8);
        reply.Integer(state?.RedirectTo ?? -1);
        reply.Bulk("prefixes"u8);
        reply.Array(state?.Prefixes.Count ?? 0);
        foreach (var prefix in state?.Prefixes ?? []) reply.Bulk(prefix);
    }

    private static List<string> Flags(Client client, TrackingState? state)
    {
        if (state is null) return ["off"];
        var flags = new List<string> { "on" };
        var caching = client.Has(ClientFlags.Caching);
        if (state.Has(TrackingOptions.Broadcast)) flags.Add("bcast");
        if (state.Has(TrackingOptions.OptIn)) flags.Add("optin");
        if (state.Has(TrackingOptions.OptIn) && caching) flags.Add("caching-yes");
        if (state.Has(TrackingOptions.OptOut)) flags.Add("optout");
        if (state.Has(TrackingOptions.OptOut) && caching) flags.Add("caching-no");
        if (state.Has(TrackingOptions.NoLoop)) flags.Add("noloop");
        if (state.RedirectBroken) flags.Add("broken_redirect");
        return flags;
    }
}
