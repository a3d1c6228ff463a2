namespace RedisLite.Engine.Acl;

/// <summary>An account. Until ACL rules exist there is one, "default", whose only rule is its password.</summary>
internal sealed class AclUser(string name)
{
    public string Name { get; } = name;

    public bool Enabled { get; set; } = true;

    /// <summary>No password is asked for.</summary>
    public bool NoPass { get; set; } = true;

    public List<byte[]> PasswordHashes { get; } = [];
}
