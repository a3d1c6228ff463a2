using System.Security.Cryptography;
using System.Text;

namespace RedisLite.Engine.Acl;

/// <summary>Who may log in. One account, "default", until ACL rules exist.</summary>
internal sealed class Accounts
{
    private readonly Dictionary<string, AclUser> users = new(StringComparer.Ordinal);

    public Accounts()
    {
        Default = new AclUser("default");
        users.Add(Default.Name, Default);
    }

    public AclUser Default { get; }

    public bool Exists(string name) => users.ContainsKey(name);

    /// <summary>requirepass: an empty one lets everybody in.</summary>
    public void SetDefaultPassword(string password)
    {
        Default.PasswordHashes.Clear();
        Default.NoPass = password.Length == 0;
        if (!Default.NoPass) Default.PasswordHashes.Add(SHA256.HashData(Config.ConfigText.Encode(password)));
    }

    /// <summary>The account, or null when name or password is wrong. The time taken does not tell how much of the password was right.</summary>
    public AclUser? Authenticate(ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        if (!users.TryGetValue(Encoding.UTF8.GetString(name), out var user) || !user.Enabled) return null;
        if (user.NoPass) return user;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(password, hash);
        var matches = false;
        foreach (var known in user.PasswordHashes) matches |= CryptographicOperations.FixedTimeEquals(known, hash);
        return matches ? user : null;
    }

    /// <summary>SORT … BY and GET read keys that no argument names: only who may read every key may use them.</summary>
    public bool MayReadEveryKey(CommandContext ctx) => true;

    /// <summary>What the client's account forbids about this command, as an error text; null when it may run.</summary>
    public string? Refusal(Client client, CommandContext ctx, CommandSpec spec) =>
        client.User.Enabled || spec.Has(CommandFlags.NoAuth) ? null : $"NOPERM User {client.User.Name} is disabled";
}
