using System.Text;
using RedisLite.Engine.Config;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Users of a file and of redis.conf.</summary>
public class AclFileTests
{
    private const string Path = "/data/users.acl";
    private const string NothingChanged = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

    private readonly SimStorage _storage = new();

    private TestEngine Start(string content)
    {
        _storage.Replace(Path, Encoding.Latin1.GetBytes(content));
        return new TestEngine(config => config.Set("aclfile", "users.acl"), storage: _storage);
    }

    [Fact]
    public void Save_writes_what_load_reads()
    {
        var redis = Start("user alice on >x ~a* +@all\n\n  user bob on nopass resetchannels &x +get (%R~a +set) \r\n");
        redis.Run("ACL SETUSER \"\\xff\" on \"~\\xfe\"");
        var listed = redis.Run("ACL LIST");
        Assert.Equal("OK", redis.Run("ACL SAVE"));
        Assert.Equal(string.Concat(listed[1..^1].Split(", ").Select(line => line + "\n")).Length, Encoding.UTF8.GetCharCount(_storage.ReadAll(Path)!));
        redis.Run("ACL DELUSER alice");
        redis.Run("ACL SETUSER carol on");
        redis.Run("ACL SETUSER default -debug");
        Assert.Equal("OK", redis.Run("ACL LOAD"));
        Assert.Equal(listed, redis.Run("ACL LIST"));
        Assert.Equal(listed, new TestEngine(config => config.Set("aclfile", "users.acl"), storage: _storage).Run("ACL LIST"));
    }

    [Theory]
    [InlineData("user bob +zork", "users.acl:1: Error in applying operation '+zork': Unknown command or category name in ACL. ")]
    [InlineData("bogus line", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("user", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("# comment", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("user carl\nuser carl on", "WARNING: Duplicate user 'carl' found on line 2. ")]
    [InlineData("user default\nuser default on", "WARNING: Duplicate user 'default' found on line 2. ")]
    [InlineData("user a\ton", "'users.acl:1: username 'a\ton' contains invalid characters. ")]
    [InlineData("user dan on (+get", "users.acl:1: Unmatched parenthesis in selector definition.")]
    [InlineData("user dan foo bar +zork baz\nuser eve zap", "users.acl:1: Syntax error. users.acl:1: Error in applying operation '+zork': Unknown command or category name in ACL. "
        + "users.acl:2: Syntax error. ")]
    [InlineData("user a +zork ~x bar\n\nbogus", "users.acl:1: Error in applying operation '+zork': Unknown command or category name in ACL. "
        + "users.acl:1: Syntax error. users.acl:3 should start with user keyword followed by the username. ")]
    public void A_wrong_file_changes_nothing(string content, string errors)
    {
        var redis = Start("user alice on >x ~a* +@all");
        var client = redis.Connect();
        client.Run("AUTH alice x");
        var listed = redis.Run("ACL LIST");
        _storage.Replace(Path, Encoding.Latin1.GetBytes(content));
        Assert.Equal($"ERR {errors}{NothingChanged}", redis.Run("ACL LOAD"));
        Assert.Equal(listed, redis.Run("ACL LIST"));
        redis.Iterate();
        Assert.False(client.IsClosed);
        var start = Assert.Throws<InvalidOperationException>(() => Start(content));
        Assert.Equal($"Aborting Redis startup because of ACL errors: {errors}{NothingChanged}", start.Message);
    }

    [Fact]
    public void A_missing_file_changes_nothing()
    {
        var redis = Start("user alice on");
        _storage.Delete(Path);
        Assert.Equal("ERR Error loading ACLs, opening file 'users.acl': No such file or directory", redis.Run("ACL LOAD"));
        Assert.Contains("user alice on", redis.Run("ACL LIST"), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_closes_the_clients_of_all_but_the_default_user()
    {
        var redis = Start("user alice on >x +@all &*");
        var (alice, other) = (redis.Connect(), redis.Connect());
        alice.Run("AUTH alice x");
        other.Run("SUBSCRIBE c");
        Assert.Equal("OK", redis.Run("ACL LOAD"));
        redis.Iterate();
        Assert.True(alice.IsClosed);
        Assert.False(other.IsClosed);
    }

    [Fact]
    public void A_default_user_that_the_file_does_not_name_is_open()
    {
        var redis = Start("user default on >x +@all");
        redis.Run("AUTH x");
        _storage.Replace(Path, "user alice on"u8);
        Assert.Equal("OK", redis.Run("ACL LOAD"));
        Assert.Contains("user default on nopass sanitize-payload ~* &* +@all", redis.Run("ACL LIST"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_refuses_leaves_the_old_file()
    {
        var redis = Start("user alice on");
        redis.Run("ACL SETUSER bob on");
        _storage.Faults = (_, path) => path == Path ? StorageFault.Fails : StorageFault.None;
        Assert.Equal("ERR There was an error trying to save the ACLs. Please check the server logs for more information", redis.Run("ACL SAVE"));
        _storage.Faults = null;
        Assert.Equal("user alice on", Encoding.Latin1.GetString(_storage.ReadAll(Path)!));
    }

    [Theory]
    [InlineData("SAVE")]
    [InlineData("LOAD")]
    public void Without_a_file_there_is_nothing_to_save_or_load(string what) => Assert.StartsWith(
        "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE",
        new TestEngine().Run($"ACL {what}"), StringComparison.Ordinal);

    private ServerConfig ConfigOf(string text)
    {
        _storage.Replace("/etc/redis.conf", Encoding.UTF8.GetBytes(text));
        var config = new ServerConfig();
        new ConfigLoader(config, _storage).Load("/etc/redis.conf", "");
        return config;
    }

    private TestEngine StartFrom(string text)
    {
        var config = ConfigOf(text);
        return new TestEngine(target =>
        {
            target.UserLines.AddRange(config.UserLines);
            target.Set("aclfile", config.Aclfile);
            target.Set("requirepass", config.Requirepass);
            target.ConfigFile = config.ConfigFile;
        }, storage: _storage);
    }

    [Fact]
    public void Users_of_the_configuration_are_rewritten_in_place()
    {
        var redis = StartFrom("port 0\nuser foo on nopass +@all ~* (+get\t~x)\n# c\nuser default on nopass ~* &* +@all -flushdb\nrequirepass bar\n");
        Assert.Equal("[user default on nopass sanitize-payload ~* &* +@all -flushdb, user foo on nopass sanitize-payload ~* resetchannels +@all (~x resetchannels -@all +get)]",
            redis.Run("ACL LIST"));
        redis.Run("ACL SETUSER zoe on >x");
        Assert.Equal("OK", redis.Run("CONFIG REWRITE"));
        var text = Encoding.UTF8.GetString(_storage.ReadAll("/etc/redis.conf")!);
        Assert.Contains("\nuser default on nopass sanitize-payload ~* &* +@all -flushdb\n# c\nuser foo on nopass sanitize-payload ~* resetchannels +@all "
            + "(~x resetchannels -@all +get)\n", text, StringComparison.Ordinal);
        Assert.Contains("\nuser zoe on sanitize-payload #2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 resetchannels -@all\n", text, StringComparison.Ordinal);
        Assert.Equal(redis.Run("ACL LIST"), StartFrom(text).Run("ACL LIST"));
    }

    [Theory]
    [InlineData("user foo\nuser foo", "Error in user declaration 'foo': Duplicate user found. A user can only be defined once in config files")]
    [InlineData("user foo on (+get", "Error in user declaration 'foo': Wrong format")]
    public void A_wrong_line_is_told_when_the_file_is_read(string text, string error) =>
        Assert.Equal(error, Assert.Throws<ConfigFileException>(() => ConfigOf(text)).Message);

    [Theory]
    [InlineData("user foo +zork", "Error loading ACL rule '+zork' for the user named 'foo': Unknown command or category name in ACL")]
    [InlineData("user \"a b\" on", "Spaces not allowed in ACL usernames")]
    [InlineData("user foo on\naclfile x.acl", "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid.")]
    public void A_wrong_user_is_told_at_start(string text, string error) =>
        Assert.StartsWith(error, Assert.Throws<InvalidOperationException>(() => StartFrom(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Users_of_the_file_are_not_written_to_the_configuration()
    {
        _storage.Replace("/data/x.acl", "user foo on"u8);
        var redis = StartFrom("aclfile x.acl\n");
        Assert.Equal("OK", redis.Run("CONFIG REWRITE"));
        Assert.DoesNotContain("user ", Encoding.UTF8.GetString(_storage.ReadAll("/etc/redis.conf")!), StringComparison.Ordinal);
    }
}
