using System.Reflection;
using System.Reflection.Emit;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Which type of an assembly uses which other: in its declaration, its members, and the instructions of its methods.</summary>
internal sealed class TypeGraph
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value);

    private readonly Assembly _assembly;
    private readonly HashSet<(Type From, Type To)> _uses = [];
    private readonly HashSet<(Type From, Type To)> _calls = [];

    public TypeGraph(Assembly assembly)
    {
        _assembly = assembly;
        foreach (var type in assembly.GetTypes())
        {
            AddDeclaration(type);
            foreach (var member in type.GetMembers(All))
            {
                AddMember(type, member);
            }
        }
    }

    /// <summary>The uses between types that aren't nested: what a nested type uses, its outermost type uses.</summary>
    public IReadOnlyCollection<(Type From, Type To)> Uses => _uses;

    /// <summary>Those of the uses in which a member is called or a field is read, and not only a type named.</summary>
    public IReadOnlySet<(Type From, Type To)> Calls => _calls;

    public static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private void AddDeclaration(Type type)
    {
        Add(type, type.BaseType);
        Array.ForEach(type.GetInterfaces(), implemented => Add(type, implemented));
        AddAttributes(type, type);
        foreach (var parameter in type.GetGenericArguments().Where(argument => argument.IsGenericParameter))
        {
            Array.ForEach(parameter.GetGenericParameterConstraints(), constraint => Add(type, constraint));
        }
    }

    private void AddMember(Type type, MemberInfo member)
    {
        AddAttributes(type, member);
        switch (member)
        {
            case FieldInfo field:
                Add(type, field.FieldType);
                break;
            case PropertyInfo property:
                Add(type, property.PropertyType);
                break;
            case EventInfo handled:
                Add(type, handled.EventHandlerType);
                break;
            case MethodBase method:
                AddMethod(type, method);
                break;
        }
    }

    private void AddMethod(Type type, MethodBase method)
    {
        Add(type, (method as MethodInfo)?.ReturnType);
        Array.ForEach(method.GetParameters(), parameter => Add(type, parameter.ParameterType));
        if (method.GetMethodBody() is not { } body)
        {
            return;
        }

        foreach (var local in body.LocalVariables)
        {
            Add(type, local.LocalType);
        }

        foreach (var clause in body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause))
        {
            Add(type, clause.CatchType);
        }

        foreach (var token in TokensIn(body.GetILAsByteArray()!))
        {
            AddReferenced(type, method, token);
        }
    }

    private void AddReferenced(Type type, MethodBase method, int token)
    {
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        var member = method.Module.ResolveMember(token, typeArguments, methodArguments)!;
        Add(type, member as Type ?? member.DeclaringType);
        if (member is not Type && member.DeclaringType is { } owner)
        {
            _calls.Add((Outermost(type), Outermost(owner)));
        }

        if (member is MethodBase called)
        {
            Add(type, (called as MethodInfo)?.ReturnType);
            Array.ForEach(called.GetParameters(), parameter => Add(type, parameter.ParameterType));
            Array.ForEach(called.IsGenericMethod ? called.GetGenericArguments() : [], argument => Add(type, argument));
        }
        else if (member is FieldInfo field)
        {
            Add(type, field.FieldType);
        }
    }

    private void AddAttributes(Type type, MemberInfo member)
    {
        foreach (var attribute in member.GetCustomAttributesData())
        {
            Add(type, attribute.AttributeType);
        }
    }

    private void Add(Type from, Type? to)
    {
        if (to is null)
        {
            return;
        }

        if (to.HasElementType)
        {
            Add(from, to.GetElementType());
            return;
        }

        if (to.IsGenericType)
        {
            Array.ForEach(to.GetGenericArguments(), argument => Add(from, argument));
        }

        var (user, used) = (Outermost(from), Outermost(to.IsGenericType ? to.GetGenericTypeDefinition() : to));
        if (used.Assembly == _assembly && user != used && !to.IsGenericParameter && !IsGenerated(user) && !IsGenerated(used))
        {
            _uses.Add((user, used));
        }
    }

    private static bool IsGenerated(Type type) => type.Name.StartsWith('<');

    /// <summary>The metadata tokens of methods, fields and types in a method's instructions (ECMA-335, partition III).</summary>
    private static IEnumerable<int> TokensIn(byte[] instructions)
    {
        for (var at = 0; at < instructions.Length;)
        {
            var value = instructions[at] == 0xFE ? 0xFE00 | instructions[++at] : instructions[at];
            at++;
            var operand = OpCodesByValue[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                yield return BitConverter.ToInt32(instructions, at);
            }

            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(instructions, at)),
                _ => 4,
            };
        }
    }
}
