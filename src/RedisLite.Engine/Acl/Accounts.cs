using System.Text;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Acl;

/// <summary>
/// Who may log in, and who may do what. A client holds its user; a user that may do everything marks its clients so, and their requests are not looked
/// at at all (<see cref="ClientFlags.Restricted"/>). Names are text of one char a byte, in the order of their bytes.
/// <para>Who asks what: the gate <see cref="Check"/> and <see cref="Record"/>; redis.acl_check_cmd <see cref="Check"/>; SORT BY/GET <see cref="MayReadEveryKey"/>;
/// AUTH, HELLO and RESET <see cref="TryLogin"/> and <see cref="Enter"/>.</para>
/// </summary>
internal sealed class Accounts
{
    private readonly Engine engine;
    private readonly KeyPlaces places = new();
    private SortedDictionary<string, AclUser> users = new(StringComparer.Ordinal);

    public Accounts(Engine engine)
    {
        this.engine = engine;
        Rules = new AclRules(engine.Commands, engine.Config) { Warn = text => engine.Log.Write(LogLevel.Warning, text) };
        Default = new AclUser("default", engine.Commands, allChannels: true);
        MakeOpen(Default);
        users.Add(Default.Name, Default);
    }

    /// <summary>The user of those who did not log in. It is always there.</summary>
    public AclUser Default { get; }

    public AclRules Rules { get; }

    public AclLog Log { get; } = new();

    public ICollection<AclUser> All => users.Values;

    /// <summary>Nobody has to log in.</summary>
    public bool IsOpen => Default is { NoPass: true, Enabled: true };

    public AclUser? Find(ReadOnlySpan<byte> name) => Find(Encoding.Latin1.GetString(name));

    public AclUser? Find(string name) => users.GetValueOrDefault(name);

    // ---- logging in -------------------------------------------------------------------------------------------------

    /// <summary>A new connection, or one that starts anew.</summary>
    public void Enter(Client client)
    {
        BecomeUser(client, Default);
        if (!IsOpen) client.Set(ClientFlags.NeedsAuth);
    }

    /// <summary>False: not with this name and password; that has been counted and logged.</summary>
    public bool TryLogin(CommandContext ctx, ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        if (Find(name) is { } user && user.Accepts(password))
        {
            BecomeUser(ctx.Client, user);
            return true;
        }

        Record(ctx.Client, AclReason.Auth, ctx.Arg(0), Encoding.Latin1.GetString(name), ctx.InTransaction ? AclContext.Multi : AclContext.TopLevel);
        return false;
    }

    /// <summary>
    /// AUTH with one argument that holds an account too, as hosted services take it: "name@password", "name:password", and "instance-id:password" for the
    /// default account, whose own password is tried first, for it may hold those signs. What is left is for <see cref="TryLogin"/>.
    /// </summary>
    public void SplitAccount(ref ReadOnlySpan<byte> name, ref ReadOnlySpan<byte> password)
    {
        if (Default is { NoPass: false } && Default.Accepts(password)) return;
        var sign = password.IndexOfAny((byte)'@', (byte)':');
        if (sign <= 0) return;

        var isAccount = Find(password[..sign]) is not null;
        if (!isAccount && password[sign] == '@') return;
        if (isAccount) name = password[..sign];
        password = password[(sign + 1)..];
    }

    private static void BecomeUser(Client client, AclUser user)
    {
        client.User = user;
        client.Clear(ClientFlags.NeedsAuth);
        Restrict(client);
    }

    private static void Restrict(Client client)
    {
        if (client.User.IsUnrestricted) client.Clear(ClientFlags.Restricted);
        else client.Set(ClientFlags.Restricted);
    }

    /// <summary>requirepass: an empty one lets everybody in.</summary>
    public void SetDefaultPassword(string password)
    {
        Default.ClearPasswords(noPass: password.Length == 0);
        if (password.Length > 0) Default.AddPassword(System.Security.Cryptography.SHA256.HashData(ConfigText.Encode(password)));
    }

    // ---- permission -------------------------------------------------------------------------------------------------

    /// <summary>Whether the user may do this; nothing is counted or logged.</summary>
    public AclVerdict Check(AclUser user, CommandSpec spec, RequestView request)
    {
        if (user.IsUnrestricted) return default;
        var examined = new AclRequest(spec, request, places);
        return user.Check(spec, ref examined);
    }

    /// <summary>SORT … BY and GET read keys that no argument names: only who may read every key, in a selector that allows the command, may use them.</summary>
    public bool MayReadEveryKey(CommandContext ctx)
    {
        if (!ctx.Client.Has(ClientFlags.Restricted)) return true;
        var request = new AclRequest(ctx.Spec, new RequestView(ctx, first: 0), places);
        foreach (var selector in ctx.Client.User.Selectors)
        {
            if (selector.AllowsEveryKey(KeyAccess.Read) && selector.Check(ctx.Spec, ref request).IsAllowed) return true;
        }
        return false;
    }

    /// <summary>A refusal in words. <paramref name="named"/>: with the key or channel.</summary>
    public static string Describe(AclUser user, AclVerdict verdict, CommandSpec spec, RequestView request, bool named)
    {
        if (verdict.Reason == AclReason.Command) return $"User {user.Name} has no permissions to run the '{spec.FullName}' command";
        var kind = verdict.Reason == AclReason.Key ? "key" : "channel";
        return named
            ? $"User {user.Name} has no permissions to access the '{Encoding.Latin1.GetString(request.Arg(verdict.Argument))}' {kind}"
            : $"No permissions to access a {kind}";
    }

    /// <summary>Counts and logs a refused request.</summary>
    public void Record(Client client, AclVerdict verdict, CommandSpec spec, RequestView request, AclContext context) =>
        Record(client, verdict.Reason, verdict.Reason == AclReason.Command ? spec.FullNameBytes : request.Arg(verdict.Argument), client.User.Name, context);

    private void Record(Client client, AclReason reason, ReadOnlySpan<byte> subject, string userName, AclContext context)
    {
        var stats = engine.Stats;
        if (reason == AclReason.Auth) stats.AclDeniedAuth++;
        else if (reason == AclReason.Command) stats.AclDeniedCommand++;
        else if (reason == AclReason.Key) stats.AclDeniedKey++;
        else stats.AclDeniedChannel++;

        Log.Add(new AclLogEntry
        {
            Reason = reason,
            Context = context,
            Object = subject.ToArray(),
            UserName = userName,
            Id = Log.NextId,
            CreatedMs = engine.Clock.NowMs,
            ClientInfo = ClientText.Describe(client.ScriptCaller ?? client),
        }, engine.Config.AcllogMaxLen);
    }

    // ---- changes ----------------------------------------------------------------------------------------------------

    /// <summary>Blanks would break the lines in which users are listed.</summary>
    public static bool IsValidName(ReadOnlySpan<byte> name) => !AclRules.HasBlanks(name);

    /// <summary>What all rules together make of a user, new or known, without effect yet. Null: a rule cannot be had.</summary>
    public AclUser? Draft(string name, List<byte[]> rules, out byte[] wrongRule, out string error)
    {
        var draft = Find(name)?.Copy() ?? Rules.NewUser(name);
        wrongRule = [];
        error = "";
        foreach (var rule in rules)
        {
            if (Rules.Apply(draft, rule) is not { } reason) continue;
            (wrongRule, error) = (rule, reason);
            return null;
        }
        return draft;
    }

    /// <summary>The draft takes effect. Clients that listen where they no longer may are closed.</summary>
    public void Put(AclUser draft, Client? actor = null)
    {
        if (!users.TryGetValue(draft.Name, out var user)) users.Add(draft.Name, user = Rules.NewUser(draft.Name));
        var lostChannels = LosesChannels(user, draft);
        user.TakeFrom(draft);
        foreach (var client in engine.Clients.All.ToArray())
        {
            if (client.User != user) continue;
            Restrict(client);
            if (lostChannels && !MayKeepListening(client)) Close(client, actor);
        }
    }

    public void Remove(AclUser user, Client actor)
    {
        users.Remove(user.Name);
        CloseClientsOf(user, actor);
    }

    /// <summary>All users at once, as a file has them; clients of any user but the default one are closed.</summary>
    public void Replace(IEnumerable<AclUser> loaded, Client? actor)
    {
        var former = users.Values;
        users = new SortedDictionary<string, AclUser>(StringComparer.Ordinal) { [Default.Name] = Default };
        var fresh = new AclUser(Default.Name, engine.Commands, allChannels: true);
        MakeOpen(fresh);
        Default.TakeFrom(fresh);
        foreach (var user in loaded)
        {
            if (user.Name == Default.Name) Default.TakeFrom(user);
            else users[user.Name] = user;
            user.Settle();
        }

        foreach (var user in former)
        {
            if (user != Default) CloseClientsOf(user, actor);
        }
        foreach (var client in engine.Clients.All) Restrict(client);
    }

    private static void MakeOpen(AclUser user)
    {
        user.Enabled = true;
        user.ClearPasswords(noPass: true);
        user.Root.Commands.SetAll(allow: true);
        user.Root.AllowAllKeys();
        user.Root.AllowAllChannels();
        user.Settle();
    }

    private void CloseClientsOf(AclUser user, Client? actor)
    {
        foreach (var client in engine.Clients.All.ToArray())
        {
            if (client.User != user) continue;
            Close(client, actor);
            Enter(client);
            client.Set(ClientFlags.NeedsAuth);
        }
    }

    /// <summary>Who did it still gets an answer.</summary>
    private static void Close(Client client, Client? actor)
    {
        if (client == actor) client.Set(ClientFlags.CloseAfterReply);
        else client.CloseNow();
    }

    /// <summary>False: every channel and pattern of before is still there, so nobody has to be looked at.</summary>
    private static bool LosesChannels(AclUser before, AclUser after)
    {
        if (after.Selectors.Any(static selector => selector.AllChannels)) return false;
        return before.Selectors.Any(selector => selector.AllChannels
            || selector.Channels.Any(channel => !after.Selectors.Any(other => other.AllowsChannel(channel, isPattern: true))));
    }

    private static bool MayKeepListening(Client client)
    {
        if (client.Subscriptions is not { } subscriptions) return true;
        var selectors = client.User.Selectors;
        return subscriptions.Patterns.All(pattern => selectors.Any(selector => selector.AllowsChannel(pattern, isPattern: true)))
            && subscriptions.Channels.Concat(subscriptions.ShardChannels).All(channel => selectors.Any(selector => selector.AllowsChannel(channel, isPattern: false)));
    }
}
