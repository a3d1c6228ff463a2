using System.Xml.Linq;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Tidy;

/// <summary>The assemblies stand in a line: who may reference whom is a rule of the house, so a new reference is a decision and not an accident.</summary>
public sealed class ReferenceRulesTests
{
    private static readonly Dictionary<string, string[]> AllowedProjects = new()
    {
        ["RedisLite.Protocol"] = [],
        ["RedisLite.Data"] = [],
        ["RedisLite.Lua"] = [],
        ["RedisLite.Persistence"] = ["RedisLite.Data", "RedisLite.Protocol"],
        ["RedisLite.Engine"] = ["RedisLite.Persistence", "RedisLite.Lua", "RedisLite.Data", "RedisLite.Protocol"],
        ["RedisLite.Server"] = ["RedisLite.Engine", "RedisLite.Persistence", "RedisLite.Lua", "RedisLite.Data", "RedisLite.Protocol"],
        ["RedisLite"] = ["RedisLite.Server"],
    };

    private static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["RedisLite.Protocol"] = ["System.IO.Pipelines"],
        ["RedisLite.Data"] = [],
        ["RedisLite.Lua"] = [],
        ["RedisLite.Persistence"] = [],
        ["RedisLite.Engine"] = [],
        ["RedisLite.Server"] = ["Microsoft.Extensions.Hosting.Abstractions", "Microsoft.Extensions.Logging.Abstractions"],
        ["RedisLite"] = ["Microsoft.Extensions.Hosting", "Serilog", "Serilog.Extensions.Logging", "Serilog.Sinks.Console", "Serilog.Sinks.File", "Serilog.Sinks.Async"],
    };

    private static readonly string[] MayUseUnsafe = ["RedisLite.Data", "RedisLite.Server"];

    public static TheoryData<string> Projects() => [.. Directory.GetDirectories(Repository.PathOf("src")).Select(path => Path.GetFileName(path)!)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_place_in_the_line_allows(string project)
    {
        Assert.Contains(project, AllowedProjects.Keys);
        var document = XDocument.Load(Repository.PathOf("src", project, project + ".csproj"));
        var projects = Includes(document, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));
        Assert.Empty(projects.Except(AllowedProjects[project]));
        Assert.Empty(Includes(document, "PackageReference").Except(AllowedPackages[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Unsafe_blocks_are_allowed_in_the_arena_and_the_system_calls_only(string project)
    {
        var document = XDocument.Load(Repository.PathOf("src", project, project + ".csproj"));
        var allows = document.Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true");
        Assert.True(!allows || MayUseUnsafe.Contains(project), $"{project} must not allow unsafe blocks");
    }

    private static IEnumerable<string> Includes(XDocument document, string element) => document.Descendants(element).Select(reference => (string)reference.Attribute("Include")!);
}
