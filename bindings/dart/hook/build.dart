import 'dart:io';

import 'package:code_assets/code_assets.dart';
import 'package:hooks/hooks.dart';

/// Bundles libburrow with the application.
///
/// An application says where it is in its own pubspec.yaml:
///
/// ```yaml
/// hooks:
///   user_defines:
///     burrow:
///       library: path/to/libburrow.so.0
/// ```
///
/// Without that it is the one that is packed with this package for the system and processor in question
/// (`native/linux-x64/libburrow.so` and so on), and in a source tree the one that `make release` made.
void main(List<String> arguments) async {
  await build(arguments, (input, output) async {
    if (!input.config.buildCodeAssets) return;
    final code = input.config.code;
    final name = code.targetOS.dylibFileName('burrow');
    final places = [
      ?input.userDefines.path('library'),
      input.packageRoot.resolve('native/${code.targetOS.name}-${code.targetArchitecture.name}/$name'),
      input.packageRoot.resolve('../../build/lib/libburrow.so.0'),
    ];
    for (final place in places) {
      if (!File.fromUri(place).existsSync()) continue;
      output.dependencies.add(place);
      output.assets.code.add(
        CodeAsset(package: input.packageName, name: 'burrow.dart', linkMode: DynamicLoadingBundled(), file: place),
      );
      return;
    }
    throw BuildError(message: 'libburrow was not found in ${places.join(', ')}');
  });
}
