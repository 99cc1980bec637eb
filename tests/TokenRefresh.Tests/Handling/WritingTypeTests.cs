using System.Reflection;
using System.Reflection.Emit;
using TokenRefresh.Handling;

namespace TokenRefresh.Tests.Handling;

public sealed class WritingTypeTests
{
    private static readonly ModuleBuilder Module = AssemblyBuilder
        .DefineDynamicAssembly(new AssemblyName("Contents"), AssemblyBuilderAccess.Run)
        .DefineDynamicModule("Contents");

    [Theory]
    [InlineData("System.Net.Http.ByteArrayContent")]
    [InlineData("System.Net.Http.StringContent")]
    [InlineData("System.Net.Http.FormUrlEncodedContent")]
    [InlineData("System.Net.Http.ReadOnlyMemoryContent")]
    [InlineData("System.Net.Http.EmptyContent")]
    [InlineData("Grpc.Net.Client.Internal.WinHttpUnaryContent`2")]
    [InlineData("Flurl.Http.Content.FileContent")]
    public void A_content_whose_name_differs_in_one_letter_is_not_sent_again(string name)
    {
        Assert.True(RequestReplay.CanReplay(ContentNamed(name)));

        for (var at = 0; at < name.Length; at++)
        {
            if (char.IsLetter(name[at]))
            {
                Assert.False(RequestReplay.CanReplay(ContentNamed(name.Remove(at, 1).Insert(at, "j"))), name);
            }
        }
    }

    // A type that writes its bytes itself.
    private static HttpContent ContentNamed(string name)
    {
        var type = Module.DefineType(name, TypeAttributes.Public, typeof(EmptyBody));
        var length = type.DefineMethod(
            "TryComputeLength",
            MethodAttributes.Family | MethodAttributes.Virtual | MethodAttributes.HideBySig,
            typeof(bool),
            [typeof(long).MakeByRefType()]);
        var code = length.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Call, typeof(EmptyBody).GetMethod("TryComputeLength", BindingFlags.Instance | BindingFlags.NonPublic)!);
        code.Emit(OpCodes.Ret);
        return (HttpContent)Activator.CreateInstance(type.CreateType())!;
    }

    public class EmptyBody : HttpContent
    {
        protected override Task SerializeToStreamAsync(System.IO.Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return true;
        }
    }
}
